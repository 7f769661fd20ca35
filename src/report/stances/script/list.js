// The list of rows. Only the rows in sight are elements, so that 50,000 rows scroll like fifty; all rows are equally high.

let listed = [];
let selected = 0;
/** Elements of the rows in sight, by place in the list. */
const drawn = new Map();
const MARGIN = 6;

/** In pixels; the style sheet says how many rem. */
const rowHeight = () => parseFloat(getComputedStyle(byId("spacer")).getPropertyValue("--row"))
  * parseFloat(getComputedStyle(document.documentElement).fontSize);

const selectedRow = () => listed[selected];

function flags(row) {
  const told = [];
  if (row.wanted) told.push(html("span", { class: "flag", title: "needs review: less certain than the model's threshold, or mixed" }, "?"));
  if (cell(row, "mixed") === "true") told.push(html("span", { class: "flag", title: "mixed: passages of the document differ" }, "±"));
  if (cell(row, "truncated") === "true") told.push(html("span", { class: "flag", title: "truncated: a passage was too long for the model" }, "…"));
  return told;
}

function reviewCell(row) {
  const { stance, note } = review(row);
  const parts = [];
  if (stance) parts.push(badge(stance, stance === row.label ? `reviewed: ${stance}, as labelled` : `reviewed: ${stance}`));
  if (stance && stance === row.label) parts.push(html("span", { class: "soft", "aria-hidden": "true" }, "✓"));
  if (note) parts.push(html("span", { class: "flag", title: note }, "✎"));
  return parts;
}

function rowElement(row, at) {
  const gridcell = (attributes, ...children) => html("div", { role: "gridcell", ...attributes }, ...children);
  const overruled = review(row).stance && review(row).stance !== row.label;
  const element = html("div", {
    class: `row${at === selected ? " selected" : ""}${review(row).stance ? " reviewed" : ""}`,
    role: "row", id: `row-${row.index}`, "aria-rowindex": at + 1, "aria-selected": String(at === selected),
    onclick: () => select(at),
  },
  gridcell({ class: "date" }, row.date || "–"),
  gridcell({ class: "dyad" }, html("b", {}, nameOf(row.actor)), " → ", html("b", {}, nameOf(row.target))),
  gridcell({ class: "stance" }, badge(row.label), html("span", { class: `word${overruled ? " overruled" : ""}` }, row.label)),
  gridcell({ class: "number" }, row.confidence.toFixed(2), html("span", { class: "flags" }, ...flags(row))),
  gridcell({ class: "evidence" }, html("div", {}, ...evidence(row))),
  gridcell({ class: "review" }, ...reviewCell(row)));
  element.style.transform = `translateY(${at * rowHeight()}px)`;
  return element;
}

/** Draws the rows that have come into sight and drops those that have left it. */
function drawList() {
  const scroller = byId("scroller");
  const height = rowHeight();
  const first = Math.max(0, Math.floor(scroller.scrollTop / height) - MARGIN);
  const last = Math.min(listed.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + MARGIN);
  for (const [at, element] of drawn) {
    if (at < first || at >= last) {
      element.remove();
      drawn.delete(at);
    }
  }
  for (let at = first; at < last; at += 1) {
    if (drawn.has(at)) continue;
    const element = rowElement(listed[at], at);
    drawn.set(at, element);
    byId("spacer").append(element);
  }
}

function redrawRow(at) {
  const old = drawn.get(at);
  if (!old) return;
  const element = rowElement(listed[at], at);
  drawn.set(at, element);
  old.replaceWith(element);
}

/** Draws all of the list again: its rows, heights or reviews have changed. */
function redrawList() {
  for (const element of drawn.values()) element.remove();
  drawn.clear();
  byId("spacer").style.height = `${listed.length * rowHeight()}px`;
  byId("scroller").setAttribute("aria-rowcount", listed.length);
  byId("nothing").hidden = listed.length > 0;
  drawList();
}

/** Shows `found`; the selected row stays selected if it is among them. */
function showList(found) {
  const before = selectedRow();
  listed = found;
  const at = before ? found.indexOf(before) : -1;
  byId("scroller").scrollTop = 0;
  selected = Math.max(at, 0);
  redrawList();
  select(selected);
}

/** Selects a place of the list, or the nearest there is, and brings it into sight. */
function select(at) {
  const before = selected;
  selected = Math.min(Math.max(at, 0), Math.max(listed.length - 1, 0));
  const scroller = byId("scroller");
  const height = rowHeight();
  if (selected * height < scroller.scrollTop) scroller.scrollTop = selected * height;
  const below = (selected + 1) * height - scroller.clientHeight;
  if (below > scroller.scrollTop) scroller.scrollTop = below;
  drawList();
  redrawRow(before);
  redrawRow(selected);
  if (listed.length > 0) scroller.setAttribute("aria-activedescendant", `row-${selectedRow().index}`);
  else scroller.removeAttribute("aria-activedescendant");
  showDetail();
}

/** Rows that fit into sight, for turning pages. */
const pageOfRows = () => Math.max(1, Math.floor(byId("scroller").clientHeight / rowHeight()) - 1);

function openList() {
  byId("scroller").addEventListener("scroll", drawList, { passive: true });
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) redrawList();
    else drawList();
    width = window.innerWidth;
  });
}

// Which rows are shown, in which order. Says nothing about how.

const value = (id) => byId(id).value;

function choices(id, key, any) {
  const counts = new Map();
  for (const row of rows) counts.set(row[key], (counts.get(row[key]) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => nameOf(a).localeCompare(nameOf(b), "en"));
  byId(id).replaceChildren(
    html("option", { value: "" }, `${any} (${sorted.length})`),
    ...sorted.map(([polity, n]) => html("option", { value: polity }, `${nameOf(polity)} (${n})`)));
}

const stancesShown = () =>
  new Set([...document.querySelectorAll("input[name=stance]:checked")].map((box) => box.value));

/** Says whether a row is shown under the filters as they stand. */
function shownBy() {
  const words = folded(value("search")).split(/\s+/).filter(Boolean);
  const [target, actor, from, to, status] = ["target", "actor", "from", "to", "status"].map(value);
  const least = Number(value("least") || 0);
  const most = Number(value("most") || 1);
  const stances = stancesShown();
  const statuses = {
    "": () => true,
    wanted: (row) => row.wanted,
    open: (row) => row.wanted && !review(row).stance,
    unreviewed: (row) => !review(row).stance,
    reviewed: (row) => review(row).stance !== "",
    changed: (row) => review(row).stance !== "" && review(row).stance !== row.label,
  };
  const fits = statuses[status];
  return (row) => (!target || row.target === target) && (!actor || row.actor === actor)
    && stances.has(stanceOf(row)) && row.confidence >= least && row.confidence <= most
    // A row without a date is in no period.
    && (!from || row.date >= from) && (!to || (row.date !== "" && row.date <= to))
    && fits(row) && words.every((word) => searchable(row).includes(word));
}

const ORDERS = {
  uncertain: (a, b) => b.wanted - a.wanted || a.confidence - b.confidence,
  newest: (a, b) => (a.date < b.date) - (a.date > b.date),
  // Rows without a date come last either way.
  oldest: (a, b) => (a.date === "") - (b.date === "") || (a.date > b.date) - (a.date < b.date),
};

/** Rank of each polity by name: comparing names once a polity, not once a pair of rows. */
function ranked(key) {
  const ids = [...NAMES.keys()].sort((a, b) => nameOf(a).localeCompare(nameOf(b), "en"));
  const rank = new Map(ids.map((id, at) => [id, at]));
  return (a, b) => rank.get(a[key]) - rank.get(b[key]);
}

/** The rows that the filters let through, in the order that is asked for; ties keep the file's order. */
function filtered() {
  const order = value("order");
  const found = rows.filter(shownBy());
  if (order === "actor" || order === "target") return found.sort(ranked(order));
  return order === "file" ? found : found.sort(ORDERS[order]);
}

/** Sets some filters at once, as in `{ actor: "FRA", from: "2021-08-01" }`. */
function setFilters(values) {
  for (const [id, wanted] of Object.entries(values)) byId(id).value = wanted;
  byId("filter-form").dispatchEvent(new Event("change"));
}

/** `changed` is called after every change of a filter; while a search is typed, after a pause. */
function openFilters(changed) {
  choices("target", "target", "any target");
  choices("actor", "actor", "any actor");
  if (file.target) byId("target").value = file.target;
  const form = byId("filter-form");
  let pause;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", changed);
  form.addEventListener("input", (event) => {
    if (event.target.type === "search" || event.target.type === "number") {
      clearTimeout(pause);
      pause = setTimeout(changed, 150);
    }
  });
  form.addEventListener("reset", () => setTimeout(changed));
}

/** The filters in words, for the printed page. */
function filtersInWords() {
  const stances = stancesShown();
  const words = [];
  if (value("target")) words.push(`toward ${nameOf(value("target"))}`);
  if (value("actor")) words.push(`by ${nameOf(value("actor"))}`);
  if (stances.size < STANCES.length) words.push(STANCES.filter((stance) => stances.has(stance)).join(", ") || "no stance");
  if (value("from")) words.push(`from ${value("from")}`);
  if (value("to")) words.push(`to ${value("to")}`);
  if (value("least")) words.push(`confidence from ${value("least")}`);
  if (value("most")) words.push(`confidence to ${value("most")}`);
  if (value("status")) words.push(byId("status").selectedOptions[0].text);
  if (value("search")) words.push(`with “${value("search")}”`);
  return words.join(" · ");
}

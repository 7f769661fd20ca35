// The table of the page: its columns, its rows, and what the cells mean. Cells themselves are never changed.

const STANCES = ["recognize", "engage", "condemn", "none"];

const { file, rows } = (() => {
  const block = byId("table");
  const { file, rows: cells } = JSON.parse(block.textContent);
  block.remove();
  return { file, rows: cells.map((cells, index) => ({ cells, index })) };
})();

const COLUMN = Object.fromEntries(file.columns.map((name, at) => [name, at]));

/** A text cell without the apostrophe that guards it against being taken for a formula (docs/csv.md). */
const unguard = (cell) => (cell.startsWith("'") ? cell.slice(1) : cell);

/** Text as a cell in which no spreadsheet sees a formula. */
const guard = (string) => (/^[=+\-@\t\r']/.test(string) ? `'${string}` : string);

/** What a person typed into a cell: an apostrophe is the guard only where one is needed, else the writer's. */
const typed = (cell) => (guard(unguard(cell)) === cell ? unguard(cell) : cell);

const cell = (row, column) => row.cells[COLUMN[column]];
const text = (row, column) => unguard(cell(row, column));

for (const row of rows) {
  row.date = cell(row, "doc_date");
  row.actor = text(row, "actor");
  row.target = text(row, "target");
  row.label = cell(row, "stance");
  row.confidence = Number(cell(row, "confidence"));
  row.wanted = cell(row, "needs_review") === "true";
}

/** Names of polities by id. */
const NAMES = new Map();
for (const row of rows) {
  if (!NAMES.has(row.actor)) NAMES.set(row.actor, text(row, "actor_name") || row.actor);
  if (!NAMES.has(row.target)) NAMES.set(row.target, text(row, "target_name") || row.target);
}
const nameOf = (id) => NAMES.get(id);

/** For searching: lower case, accents taken off. */
const folded = (string) => string.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** All text of a row that a search looks at; made when it is first wanted. */
function searchable(row) {
  row.searchable ??= folded(
    [nameOf(row.actor), nameOf(row.target), row.actor, row.target, text(row, "title"), text(row, "doc_id"),
      text(row, "evidence").replace(/\[\[|\]\]|\{\{|\}\}/g, ""), review(row).note].join("\n"));
  return row.searchable;
}

/** The evidence as nodes, with `[[actor]]` and `{{target}}` as marks. */
function evidence(row) {
  const nodes = [];
  let at = 0;
  const marked = text(row, "evidence");
  for (const match of marked.matchAll(/\[\[(.*?)\]\]|\{\{(.*?)\}\}/g)) {
    nodes.push(marked.slice(at, match.index));
    nodes.push(match[1] !== undefined
      ? html("mark", { class: "actor", title: "actor" }, match[1])
      : html("mark", { class: "target", title: "target" }, match[2]));
    at = match.index + match[0].length;
  }
  nodes.push(marked.slice(at));
  return nodes;
}

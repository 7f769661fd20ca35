// What the reviewer says about rows: begins with what the table holds, is kept in this browser under the table's digest,
// and can be undone. A browser may refuse to keep anything for a file; then the page says so and warns before it closes.

const KEY = `demarche review ${file.digest}`;
const NAME_KEY = "demarche reviewer";

/** Reviews made here, by row index: `{ stance, note, reviewer }`. */
const made = new Map();
const undone = [];
let storage = null;
let downloaded = true;

/** What the table itself says about a row. */
const inTable = (row) =>
  ({ stance: cell(row, "review_stance"), note: typed(cell(row, "review_note")), reviewer: typed(cell(row, "reviewer")) });

const review = (row) => made.get(row.index) ?? inTable(row);

/** The stance of a row: as reviewed, else as labelled. */
const stanceOf = (row) => review(row).stance || row.label;

const sameReview = (a, b) => a.stance === b.stance && a.note === b.note && a.reviewer === b.reviewer;

function put(row, value) {
  if (sameReview(value, inTable(row))) made.delete(row.index);
  else made.set(row.index, value);
  row.searchable = undefined;
  downloaded = made.size === 0;
  keep(row);
}

/** Whose review it is: a stance is of who presses it, and a note does not take it over; a note alone is of who writes it. */
function reviewerOf(row, change) {
  const before = review(row);
  const value = { ...before, ...change };
  if (!value.stance && !value.note) return "";
  if (value.stance && !("stance" in change)) return before.reviewer;
  const name = byId("reviewer").value.trim();
  if (value.stance && name) return name;
  const part = value.stance ? "stance" : "note";
  return [before, inTable(row)].find((said) => said[part] === value[part])?.reviewer ?? name;
}

/** Sets the stance or the note of a row (`{ stance }` or `{ note }`); returns whether that changed anything. */
function setReview(row, change) {
  const before = review(row);
  const value = { ...before, ...change, reviewer: reviewerOf(row, change) };
  if (sameReview(value, before)) return false;
  const last = undone.at(-1);
  // Typing a note is one change, not one a letter.
  const typing = "note" in change && last?.row === row && last.typing;
  if (!typing) undone.push({ row, before, typing: "note" in change });
  put(row, value);
  return true;
}

/** Takes the last change back; returns its row, or nothing. */
function undoReview() {
  const last = undone.pop();
  if (last) put(last.row, last.before);
  return last?.row;
}

/** Back to what the table says. */
function forgetReviews() {
  made.clear();
  undone.length = 0;
  downloaded = true;
  for (const row of rows) row.searchable = undefined;
  storage?.removeItem(KEY);
}

/** What is kept in the browser: `[stance, note, reviewer]` by row index. What does not fit the table is left out. */
function keptReviews() {
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? "{}");
    return Object.fromEntries(Object.entries(kept).filter(([index, value]) =>
      rows[index]?.cells && Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === "string")
        && (value[0] === "" || STANCES.includes(value[0]))));
  } catch {
    return {};
  }
}

/** Keeps one row: what is kept is read again first, so that two windows do not undo each other's work. */
function keep(row) {
  if (!storage) return;
  const kept = keptReviews();
  const value = made.get(row.index);
  if (value) kept[row.index] = [value.stance, value.note, value.reviewer];
  else delete kept[row.index];
  try {
    storage.setItem(KEY, JSON.stringify(kept));
  } catch {
    storage = null; // full, or refused after all
  }
}

function takeUpKept() {
  made.clear();
  for (const [index, [stance, note, reviewer]] of Object.entries(keptReviews())) {
    made.set(Number(index), { stance, note, reviewer });
    rows[index].searchable = undefined;
  }
  downloaded = made.size === 0;
}

/** `changed` is called when another window of this browser has reviewed rows of the same table. */
function openReviews(changed) {
  try {
    storage = window.localStorage;
    storage.setItem("demarche", "");
    storage.removeItem("demarche");
    byId("reviewer").value = storage.getItem(NAME_KEY) ?? "";
  } catch {
    storage = null;
  }
  takeUpKept();
  byId("reviewer").addEventListener("change", (event) => {
    try {
      storage?.setItem(NAME_KEY, event.target.value.trim());
    } catch {
      // The name is a convenience.
    }
  });
  window.addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    takeUpKept();
    changed();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!storage && !downloaded) event.preventDefault();
  });
}

/** Says beside the download what is where. */
function showKept() {
  const n = made.size;
  byId("kept-text").textContent = n === 0
    ? (storage ? "" : "This browser keeps no reviews for this page: download them before you close it.")
    : `${count(n, "row")} reviewed here${storage ? ", kept in this browser" : ", not kept by this browser"}`
      + `${downloaded ? "" : ", not yet downloaded"}.`;
  byId("kept").classList.toggle("warning", !storage && !downloaded);
  byId("forget").hidden = n === 0;
  byId("reviewer").classList.toggle("wanted", n > 0 && !byId("reviewer").value.trim());
}

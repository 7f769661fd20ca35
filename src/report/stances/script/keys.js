// Keys, where no field has them. All but undo can be done with the mouse, too.

const KEYS = {
  j: () => select(selected + 1),
  k: () => select(selected - 1),
  ArrowDown: () => select(selected + 1),
  ArrowUp: () => select(selected - 1),
  PageDown: () => select(selected + pageOfRows()),
  PageUp: () => select(selected - pageOfRows()),
  Home: () => select(0),
  End: () => select(listed.length - 1),
  r: () => reviewSelected({ stance: "recognize" }),
  e: () => reviewSelected({ stance: "engage" }),
  c: () => reviewSelected({ stance: "condemn" }),
  n: () => reviewSelected({ stance: "none" }),
  a: () => selectedRow() && reviewSelected({ stance: selectedRow().label }),
  x: () => reviewSelected({ stance: "" }),
  m: () => byId("note")?.focus(),
};

/** Keys that do the same in both views. */
const KEYS_ANYWHERE = {
  "/": () => {
    byId("filters").open = true;
    byId("search").select();
  },
  "?": () => byId("help").showModal(),
  u: undo,
  s: () => setFilters({ order: value("order") === "uncertain" ? "file" : "uncertain" }),
  v: () => showView(document.body.dataset.view === "rows" ? "overview" : "rows"),
  d: download,
};

function undo() {
  const row = undoReview();
  if (!row) return;
  redrawList();
  showKept();
  const at = listed.indexOf(row);
  if (at >= 0) select(at);
  else showDetail();
  overviewChanged();
}

const isField = (element) => element.matches("textarea, select, input:not([type=checkbox])");

function openKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (isField(event.target)) {
      // A browser would empty the search on Escape.
      if (event.key === "Escape" || (event.key === "Enter" && event.target === byId("search"))) {
        event.preventDefault();
        event.target.blur();
        byId("scroller").focus();
      }
      return;
    }
    const inRows = document.body.dataset.view === "rows";
    const act = (inRows && KEYS[event.key]) || KEYS_ANYWHERE[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

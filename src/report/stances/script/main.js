// Puts the page together: filters decide what is shown, the list and the overview show it.

let overviewStale = true;

function drawOverview() {
  drawMap(listed);
  drawTimeline(listed);
  drawMatrix(listed);
  overviewStale = false;
}

/** The overview is drawn when it is looked at. */
function overviewChanged() {
  overviewStale = true;
  if (document.body.dataset.view === "overview") drawOverview();
}

function refresh() {
  const found = filtered();
  const documents = new Set(found.map((row) => text(row, "doc_id"))).size;
  byId("shown").textContent = `${found.length.toLocaleString("en")} of ${count(rows.length, "row")} · ${count(documents, "document")}`;
  showList(found);
  overviewChanged();
}

function showView(view) {
  document.body.dataset.view = view;
  for (const name of ["rows", "overview"]) byId(`show-${name}`).setAttribute("aria-pressed", String(name === view));
  if (view === "rows") redrawList();
  else overviewChanged();
}

/** From a figure to the rows behind it. */
function showRowsOf(filters) {
  setFilters(filters);
  showView("rows");
  byId("scroller").focus();
}

function summary() {
  const dates = rows.map((row) => row.date).filter(Boolean).sort();
  const period = dates.length > 0 ? ` · ${dates[0]} to ${dates.at(-1)}` : "";
  const wanted = rows.filter((row) => row.wanted).length;
  byId("summary").textContent =
    `${count(rows.length, "row")} · ${inWords(tally(rows, () => "all").get("all"))}${period} · ${wanted.toLocaleString("en")} to review`;
}

openReviews(() => {
  redrawList();
  showKept();
  showDetail();
  overviewChanged();
});
openFilters(refresh);
openList();
openMap();
openPrint();
openKeys();
for (const view of ["rows", "overview"]) byId(`show-${view}`).addEventListener("click", () => showView(view));
window.addEventListener("resize", () => document.body.dataset.view === "overview" && drawTimeline(listed));
for (const id of ["step", "size"]) byId(id).addEventListener("change", overviewChanged);
byId("download").addEventListener("click", download);
byId("help-button").addEventListener("click", () => byId("help").showModal());
byId("reviewer").addEventListener("input", showKept);
byId("forget").addEventListener("click", () => {
  if (!window.confirm(`Discard the reviews of ${count(made.size, "row")} made in this page? Those of the table itself stay.`)) return;
  forgetReviews();
  refresh();
  showKept();
});
if (window.matchMedia("(max-width: 50rem)").matches) byId("filters").open = false;
summary();
refresh();
showKept();
byId("scroller").focus({ preventScroll: true });

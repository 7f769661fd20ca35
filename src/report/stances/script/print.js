// On paper there is nothing to scroll or to filter: the filters are told in words, and the rows stand in a plain table.

/** Rows on paper. More would take a browser minutes to set. */
const MOST_PRINTED = 1000;

function printedTable() {
  const printed = listed.slice(0, MOST_PRINTED);
  const head = ["date", "actor → target", "stance", "conf.", "evidence", "review"];
  return html("table", {},
    html("thead", {}, html("tr", {}, head.map((name) => html("th", { scope: "col" }, name)))),
    html("tbody", {}, printed.map((row) => {
      const { stance, note, reviewer } = review(row);
      return html("tr", {},
        html("td", {}, row.date), html("td", {}, `${nameOf(row.actor)} → ${nameOf(row.target)}`),
        html("td", {}, badge(row.label), ` ${row.label}`), html("td", { class: "number" }, row.confidence.toFixed(2), row.wanted && " ?"),
        html("td", {}, ...evidence(row), html("span", { class: "soft" }, ` ${text(row, "doc_id")}`)),
        html("td", {}, [stance, note, reviewer].filter(Boolean).join(" · ")));
    })));
}

function openPrint() {
  window.addEventListener("beforeprint", () => {
    drawOverview();
    const words = filtersInWords();
    const more = listed.length > MOST_PRINTED ? `; the first ${MOST_PRINTED.toLocaleString("en")} are printed, filter for others` : "";
    byId("printed").replaceChildren(
      html("h2", {}, "Rows"),
      html("p", { class: "soft" }, `${byId("shown").textContent}${words && ` (${words})`}${more}. ? needs review.`),
      printedTable());
  });
  window.addEventListener("afterprint", () => byId("printed").replaceChildren());
}

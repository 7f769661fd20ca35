// Actors in rows, targets in columns: in each cell the letter of the stance that prevails, and how many rows have a stance.

function drawMatrix(counted) {
  const size = Number(value("size"));
  const byActor = tally(counted, (row) => row.actor);
  const byTarget = tally(counted, (row) => row.target);
  const [actors, targets] = [byActor, byTarget].map((counts) => byRows(counts).slice(0, size).map(([polity]) => polity));
  const [shownTargets, shown] = [new Set(targets), new Set(actors)];
  const pair = (actor, target) => `${actor}\n${target}`;
  const pairs = tally(counted, (row) => (shown.has(row.actor) && shownTargets.has(row.target) ? pair(row.actor, row.target) : undefined));

  byId("matrix-note").textContent = actors.length < byActor.size || targets.length < byTarget.size
    ? `${actors.length} of ${count(byActor.size, "actor")} and ${targets.length} of ${count(byTarget.size, "target")}, those with most rows`
    : "";
  if (actors.length === 0) {
    byId("matrix").replaceChildren(html("p", { class: "empty" }, "No row fits the filters."));
    return;
  }
  const one = (actor, target) => {
    const counts = pairs.get(pair(actor, target));
    if (!counts) return html("td", actor === target ? { class: "self" } : {});
    const stance = prevailing(counts);
    const told = `${nameOf(actor)} → ${nameOf(target)}: ${inWords(counts)}`;
    return html("td", { class: stance }, html("button", {
      type: "button", title: told, "aria-label": told, onclick: () => showRowsOf({ actor, target }),
    }, html("b", {}, stance[0].toUpperCase()), withStance(counts) > 1 && ` ${withStance(counts)}`));
  };
  byId("matrix").replaceChildren(html("table", {},
    html("thead", {}, html("tr", {}, html("th", { class: "corner" }, html("span", { class: "soft" }, "actor ↓ target →")),
      targets.map((target) => html("th", { scope: "col" }, html("span", {}, nameOf(target)))))),
    html("tbody", {}, actors.map((actor) => html("tr", {},
      html("th", { scope: "row" }, nameOf(actor)), targets.map((target) => one(actor, target)))))));
}

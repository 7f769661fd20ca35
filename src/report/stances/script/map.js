// The world, coloured by the stance that prevails toward the target, and the actors beside it. Colours have a pattern too:
// recognize is plain, engage dotted, condemn hatched.

const WORLD = JSON.parse(byId("world").textContent);

/** Pieces of the map by polity id: an outline, a dot, or both. */
const places = new Map();

/** Distance of the lines that make a pattern, and radius of a dot, in units of the map, which is 9600 wide. */
const PITCH = 56;
const RADIUS = 34;

/** Level lines, dashed to dots for engage, and slanted ones for condemn, over a plane of this size. */
function patternLines(stance, width, height) {
  const lines = [];
  if (stance === "engage") for (let y = PITCH / 2; y < height; y += PITCH) lines.push(`M0,${y}H${width}`);
  if (stance === "condemn") {
    // Cut at the edges of the plane, since a printer would make room for what stands out.
    for (let x = PITCH; x < width + height; x += PITCH) {
      const [from, to] = [Math.max(0, x - width), Math.min(height, x)];
      lines.push(`M${x - from},${from}L${x - to},${to}`);
    }
  }
  return lines.join("");
}

/**
 * A pattern over all places of one stance at once, cut out by a single path: as paint servers of each place, patterns
 * would become pictures on paper.
 */
function overlay(stance) {
  return svg("g", { "clip-path": `url(#cut-${stance})`, class: "overlay" },
    svg("clipPath", { id: `cut-${stance}` }, svg("path", { id: `cut-path-${stance}` })),
    svg("path", { class: `over-${stance}`, d: patternLines(stance, WORLD.width, WORLD.height) }));
}

const circle = ([x, y]) => `M${x - RADIUS},${y}a${RADIUS},${RADIUS} 0 1 0 ${2 * RADIUS},0a${RADIUS},${RADIUS} 0 1 0 ${-2 * RADIUS},0z`;
const outlineOf = (polity) => (WORLD.shapes[polity] ?? "") + (WORLD.dots[polity] ? circle(WORLD.dots[polity]) : "");

function openMap() {
  const place = (polity, element) => {
    if (!places.has(polity)) places.set(polity, []);
    places.get(polity).push(element);
    element.addEventListener("click", () => shownActors.has(polity) && showRowsOf({ actor: polity }));
    return element;
  };
  const outlines = Object.entries(WORLD.shapes).map(([polity, d]) => place(polity, svg("path", { d })));
  const dots = Object.entries(WORLD.dots).map(([polity, point]) => place(polity, svg("path", { d: circle(point), "data-dot": true })));
  byId("map").replaceChildren(svg("svg", { viewBox: `0 0 ${WORLD.width} ${WORLD.height}`, role: "img", id: "map-svg" },
    svg("g", {}, ...outlines), svg("g", {}, ...dots), overlay("engage"), overlay("condemn")));
  byId("map-legend").replaceChildren(
    html("span", {}, "Of its rows with a stance:"),
    ...STANCES.slice(0, 3).map((stance) => html("span", {}, swatch(stance), badge(stance), ` mostly ${stance}`)),
    html("span", {}, swatch("none"), badge("none"), " only none"),
    html("span", {}, swatch("absent"), " no row"),
    html("span", {}, swatch("chosen"), " the target"));
}

function swatch(stance) {
  return svg("svg", { class: "swatch", viewBox: "0 0 480 280", "aria-hidden": "true" },
    svg("rect", { x: 15, y: 15, width: 450, height: 250, class: `place ${stance}` }),
    svg("path", { class: `over-${stance}`, d: patternLines(stance, 480, 280) }));
}

let shownActors = new Map();

function drawMap(counted) {
  const target = value("target");
  const toward = target ? nameOf(target) : "any target";
  shownActors = tally(counted, (row) => row.actor);
  byId("map-title").textContent = `Stances toward ${toward}`;
  byId("map-svg").setAttribute("aria-label", `World map of stances toward ${toward}; the same figures stand in the lists beside it`);
  for (const [polity, elements] of places) {
    const counts = shownActors.get(polity);
    const state = counts ? prevailing(counts) : "absent";
    const title = counts ? `${nameOf(polity)}: ${inWords(counts)}` : NAMES.has(polity) ? `${nameOf(polity)}: no row` : "";
    for (const element of elements) {
      element.setAttribute("class", `place ${state}${polity === target ? " chosen" : ""}`);
      element.replaceChildren(...(title ? [svg("title", {}, title)] : []));
    }
  }
  for (const stance of ["engage", "condemn"]) {
    const polities = [...shownActors].filter(([, counts]) => prevailing(counts) === stance).map(([polity]) => polity);
    byId(`cut-path-${stance}`).setAttribute("d", polities.map(outlineOf).join(""));
  }
  drawActors();
}

function actorTable(title, entries) {
  return html("table", {}, html("caption", {}, `${title} (${entries.length})`),
    html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "actor"), STANCES.slice(0, 3).map((stance) =>
      html("th", { scope: "col", class: "number" }, badge(stance))))),
    html("tbody", {}, entries.map(([polity, counts]) => html("tr", {},
      html("th", { scope: "row" }, html("button", { type: "button", class: "link", onclick: () => showRowsOf({ actor: polity }) }, nameOf(polity))),
      STANCES.slice(0, 3).map((stance) =>
        html("td", { class: `number${stance === prevailing(counts) ? " most" : ""}` }, counts[stance] || html("span", { class: "soft" }, "·")))))));
}

/** The figures of the map as text, first those of actors that have no place on it. */
function drawActors() {
  const sorted = byRows(shownActors);
  const beside = sorted.filter(([polity]) => !places.has(polity));
  const placed = sorted.filter(([polity]) => places.has(polity));
  byId("actors").replaceChildren(...[
    beside.length > 0 && actorTable("Blocs and others that have no place on the map", beside),
    placed.length > 0 && actorTable("On the map", placed),
  ].filter(Boolean));
}

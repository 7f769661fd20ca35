// Rows by month or year, one strip a stance on a common scale, so that no bar needs its colour to be read.

const STRIP = { height: 84, left: 84, right: 8, gap: 22 };
/** On paper, where nothing has been laid out yet. */
const USUAL_WIDTH = 960;
/** More bars than this could not be told apart. */
const MOST_BARS = 240;

/** Months or years since year 0. */
const monthOf = (date) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
const yearOf = (date) => Number(date.slice(0, 4));

const four = (year) => String(year).padStart(4, "0");
const monthName = (month) => `${four(Math.floor(month / 12))}-${String((month % 12) + 1).padStart(2, "0")}`;

/** First and last day of a step, as the date filters take them. */
function period(step, at) {
  if (step === "year") return [`${four(at)}-01-01`, `${four(at)}-12-31`];
  const days = new Date(Date.UTC(Math.floor(at / 12), (at % 12) + 1, 0)).getUTCDate();
  return [`${monthName(at)}-01`, `${monthName(at)}-${days}`];
}

/** Months unless there are too many, or years were asked for. */
function stepOf(dated) {
  const asked = value("step");
  const months = dated.map((row) => monthOf(row.date));
  const span = months.reduce((most, month) => Math.max(most, month), -Infinity) - months.reduce((least, month) => Math.min(least, month), Infinity);
  if (asked === "year" || span > MOST_BARS) return "year";
  return asked === "month" || span <= 48 ? "month" : "year";
}

function drawTimeline(counted) {
  const dated = counted.filter((row) => row.date !== "");
  const without = counted.length - dated.length;
  byId("undated").textContent = without > 0 ? `${count(without, "row has", "rows have")} no date` : "";
  if (dated.length === 0) {
    byId("timeline").replaceChildren(html("p", { class: "empty" }, "No row with a date fits the filters."));
    return;
  }
  const step = stepOf(dated);
  const counts = tally(dated, (row) => (step === "month" ? monthOf : yearOf)(row.date));
  const steps = [...counts.keys()].sort((a, b) => a - b);
  const [first, last] = [steps[0], steps.at(-1)];
  const strips = STANCES.filter((stance) => steps.some((at) => counts.get(at)[stance] > 0));
  const top = Math.max(...steps.flatMap((at) => strips.map((stance) => counts.get(at)[stance])));
  const width = byId("timeline").clientWidth || USUAL_WIDTH;
  const slot = (width - STRIP.left - STRIP.right) / (last - first + 1);
  const x = (at) => STRIP.left + (at - first) * slot;
  const pitch = STRIP.height + STRIP.gap;

  const strip = (stance, index) => {
    const base = index * pitch + STRIP.height;
    const bars = steps.filter((at) => counts.get(at)[stance] > 0).map((at) => {
      const height = counts.get(at)[stance] / top * (STRIP.height - 10);
      const name = step === "month" ? monthName(at) : four(at);
      const [from, to] = period(step, at);
      return svg("rect", {
        x: x(at) + slot * 0.08, y: base - height, width: Math.max(slot * 0.84, 1), height, class: `column ${stance}`,
        onclick: () => showRowsOf({ from, to }),
      }, svg("title", {}, `${name}: ${counts.get(at)[stance]} ${stance}`));
    });
    return svg("g", {},
      svg("text", { x: 0, y: base - 4, class: "strip-name" }, stance),
      svg("line", { x1: STRIP.left, x2: width - STRIP.right, y1: base, y2: base, class: "axis" }),
      svg("line", { x1: STRIP.left, x2: width - STRIP.right, y1: base - STRIP.height + 10, y2: base - STRIP.height + 10, class: "guide" }),
      svg("text", { x: STRIP.left - 6, y: base - STRIP.height + 14, class: "scale" }, top.toLocaleString("en")), ...bars);
  };
  byId("timeline").replaceChildren(svg("svg", {
    viewBox: `0 0 ${width} ${strips.length * pitch + 6}`, role: "img",
    "aria-label": `Rows a ${step}, by stance: ${steps.map((at) => `${step === "month" ? monthName(at) : four(at)}: ${inWords(counts.get(at))}`).join("; ")}`,
  }, ...strips.map(strip), ...ticks(step, first, last, x, slot, strips.length * pitch - 2)));
}

/** Names under the last strip: as many as have room, at January or round years where months or years are many. */
function ticks(step, first, last, x, slot, y) {
  const room = 58 / slot;
  const paces = step === "month" ? [1, 3, 6, 12, 24, 60, 120] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const pace = paces.find((pace) => pace >= room) ?? paces.at(-1);
  const named = [];
  for (let at = Math.ceil(first / pace) * pace; at <= last; at += pace) {
    named.push(svg("text", { x: x(at) + slot / 2, y, class: "tick" }, step === "month" ? monthName(at) : four(at)));
  }
  return named;
}

// Counts rows by stance, and says which stance prevails.

/** A tie goes to the earlier one (docs/report.md). */
const PRECEDENCE = ["recognize", "condemn", "engage", "none"];

const noRows = () => ({ recognize: 0, engage: 0, condemn: 0, none: 0, all: 0 });

/** Counts of stances by `key(row)`; rows whose key is undefined are left out. */
function tally(counted, key) {
  const counts = new Map();
  for (const row of counted) {
    const group = key(row);
    if (group === undefined) continue;
    if (!counts.has(group)) counts.set(group, noRows());
    const entry = counts.get(group);
    entry[stanceOf(row)] += 1;
    entry.all += 1;
  }
  return counts;
}

/** How many rows have a stance, that is, another than `none`. */
const withStance = (counts) => counts.all - counts.none;

/** The stance of most rows with a stance; `none` only where there is nothing else. */
function prevailing(counts) {
  const most = Math.max(counts.recognize, counts.engage, counts.condemn);
  return most === 0 ? "none" : PRECEDENCE.find((stance) => counts[stance] === most);
}

/** `3 recognize, 1 condemn` */
const inWords = (counts) =>
  STANCES.filter((stance) => counts[stance] > 0).map((stance) => `${counts[stance].toLocaleString("en")} ${stance}`).join(", ");

/** Groups by falling number of rows, then by name. */
const byRows = (counts) =>
  [...counts].sort(([a, x], [b, y]) => y.all - x.all || nameOf(a).localeCompare(nameOf(b), "en"));

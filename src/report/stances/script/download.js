// The reviewed table as CSV after RFC 4180. Only the three review cells of rows that were reviewed here can differ from
// the file that the page was made from.

const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

function reviewedCells(row) {
  const value = made.get(row.index);
  if (!value) return row.cells;
  const cells = [...row.cells];
  cells[COLUMN.review_stance] = value.stance;
  cells[COLUMN.review_note] = guard(value.note);
  // A name that was given after the first reviews holds for those too.
  cells[COLUMN.reviewer] = guard(value.reviewer || (value.stance || value.note ? byId("reviewer").value.trim() : ""));
  return cells;
}

/** The whole table, whatever the filters show. */
function reviewedTable() {
  const line = (cells) => `${cells.map(quoted).join(",")}\n`;
  return [file.byteOrderMark ? "\u{feff}" : "", line(file.columns), ...rows.map((row) => line(reviewedCells(row)))];
}

function download() {
  const name = `${file.name.replace(/\.csv(\.gz|\.zst)?$/i, "")}.reviewed.csv`;
  const address = URL.createObjectURL(new Blob(reviewedTable(), { type: "text/csv;charset=utf-8" }));
  const link = html("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  downloaded = true;
  showKept();
}

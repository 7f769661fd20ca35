//! A stance table as it comes back: whatever a spreadsheet, R or pandas made of its encoding, delimiter, line ends, order
//! and number of columns. What the cells mean is left to `habits` and `typed`.

use crate::ingest::{decode, quotes::Quotes};
use crate::output::columns;
use csv::{ReaderBuilder, StringRecord};
use encoding_rs::WINDOWS_1252;

/// Delimiters that are tried.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A table with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Path that messages name.
    pub name: String,
    /// Column names, trimmed; unnamed columns (row numbers of R and pandas) are left out.
    pub header: Vec<String>,
    /// Rows in their order, each as wide as the header; rows without any text are left out.
    pub rows: Vec<Row>,
    /// No character of the file is outside Windows-1252, so saving may have replaced others.
    pub narrow: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file, from 1.
    pub line: u64,
    /// Cells as written, in the order of the header.
    pub cells: Vec<String>,
}

/// A file is no table that can be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The header lacks a column.
    #[error("{name} has no column `{column}`; its first line is `{found}`{hint}")]
    Column {
        /// The file.
        name: String,
        /// What was looked for.
        column: &'static str,
        /// What stands there.
        found: String,
        /// What may have happened.
        hint: &'static str,
    },
    /// Two columns of one name.
    #[error("{name} has the column `{column}` twice; delete or rename one")]
    Twice {
        /// The file.
        name: String,
        /// The name.
        column: String,
    },
    /// A cell does not hold what its column should.
    #[error("{name}, line {line}: `{cell}` is not {expected}")]
    Cell {
        /// The file.
        name: String,
        /// From 1.
        line: u64,
        /// What stands there.
        cell: String,
        /// What should.
        expected: &'static str,
    },
    /// A quote is left open: all that follows became one cell.
    #[error(
        "{name}, line {line}: a quote opens a cell and is never closed, so the rows that follow are part of it; close it"
    )]
    Unclosed {
        /// The file.
        name: String,
        /// From 1.
        line: u64,
    },
    /// A record is wider than the header.
    #[error("{name}, line {line}: {found} cells under {expected} column names; name the further columns or empty them")]
    Wide {
        /// The file.
        name: String,
        /// From 1.
        line: u64,
        /// Cells of the record.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
}

impl Table {
    /// Reads a table from the bytes of the file `name`. The delimiter is the one that gives a column `row_id` and the most
    /// columns; a first line `sep=;` is left out.
    ///
    /// # Errors
    /// If no delimiter gives a column `row_id`, a quote is left open, a name stands twice, or a row is wider than the header.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, TableError> {
        let (mut text, _) = decode::whole(bytes);
        if text.contains('\r') && !text.contains('\n') {
            text = text.replace('\r', "\n").into();
        }
        let first = text.lines().next().unwrap_or_default();
        let text = if first.starts_with("sep=") { &text[first.len()..] } else { &text[..] };
        let header = |delimiter: &u8| {
            let mut reader = ReaderBuilder::new().delimiter(*delimiter).flexible(true).from_reader(text.as_bytes());
            reader.headers().map(named).unwrap_or_default()
        };
        let fitting = DELIMITERS.iter().filter(|d| header(d).iter().any(|column| column == columns::ROW_ID));
        let Some(delimiter) = fitting.max_by_key(|d| header(d).len()) else {
            let found: String = text.lines().find(|l| !l.is_empty()).unwrap_or_default().chars().take(80).collect();
            let hint = if found.contains('\0') { ": save it as UTF-8" } else { "" };
            return Err(TableError::Column { name: name.to_owned(), column: columns::ROW_ID, found, hint });
        };
        let mut quotes = Quotes::new(*delimiter);
        quotes.read(text.as_bytes());
        if let Some(line) = quotes.open() {
            return Err(TableError::Unclosed { name: name.to_owned(), line });
        }
        let all = header(delimiter);
        let kept: Vec<usize> = (0..all.len()).filter(|i| !all[*i].is_empty()).collect();
        if let Some(i) = kept.iter().find(|i| all[..**i].contains(&all[**i])) {
            return Err(TableError::Twice { name: name.to_owned(), column: all[*i].clone() });
        }
        let mut rows = Vec::new();
        let reader = ReaderBuilder::new().delimiter(*delimiter).flexible(true).from_reader(text.as_bytes());
        for record in reader.into_records() {
            let record = record.expect("text in memory is UTF-8 and records may have any width");
            let line = record.position().map_or(0, csv::Position::line);
            let width = (0..record.len()).rfind(|i| !record[*i].trim().is_empty()).map_or(0, |last| last + 1);
            if width > all.len() {
                return Err(TableError::Wide { name: name.to_owned(), line, found: width, expected: all.len() });
            }
            if width > 0 {
                let cells = kept.iter().map(|i| record.get(*i).unwrap_or_default().to_owned()).collect();
                rows.push(Row { line, cells });
            }
        }
        let header = kept.into_iter().map(|i| all[i].clone()).collect();
        let narrow = !WINDOWS_1252.encode(text).2;
        Ok(Self { name: name.to_owned(), header, rows, narrow })
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    /// Where a column stands that must be there.
    ///
    /// # Errors
    /// If it is not.
    pub fn need(&self, column: &'static str) -> Result<usize, TableError> {
        let missing = || {
            let (name, found) = (self.name.clone(), self.header.join(","));
            TableError::Column { name, column, found, hint: "" }
        };
        self.column(column).ok_or_else(missing)
    }

    /// The error for a cell that should hold something else.
    pub fn cell_error(&self, row: &Row, cell: &str, expected: &'static str) -> TableError {
        TableError::Cell { name: self.name.clone(), line: row.line, cell: cell.to_owned(), expected }
    }
}

/// Names as the header means them: without surrounding white space, known names in lower case.
fn named(header: &StringRecord) -> Vec<String> {
    let further = [columns::QUEUE_REASON, columns::SAMPLE_PROB, columns::OPINIONS];
    let known = |name: &str| columns::is_machine(name) || columns::REVIEW.contains(&name) || further.contains(&name);
    header.iter().map(str::trim).map(|n| Some(n.to_lowercase()).filter(|l| known(l)).unwrap_or(n.to_owned())).collect()
}

impl Row {
    /// A cell without surrounding white space; empty where there is no such column.
    pub fn cell(&self, column: Option<usize>) -> &str {
        column.map_or("", |i| self.cells[i].trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "row_id,title,review_note\nr1,\"Côte, Perú\",\"a \"\"b\"\"\nc\"\nr2,,\n";

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        let table = Table::read("a.csv", bytes).expect("a table");
        assert_eq!(table.header, ["row_id", "title", "review_note"]);
        table.rows.into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn the_habits_of_spreadsheets_give_the_same_rows() {
        let plain = cells(TABLE.as_bytes());
        assert_eq!(plain, [["r1", "Côte, Perú", "a \"b\"\nc"], ["r2", "", ""]]);
        let semicolons = "row_id;title;review_note\nr1;Côte, Perú;\"a \"\"b\"\"\nc\"\nr2;;\n";
        let rewritten = [
            format!("\u{feff}{TABLE}"),
            semicolons.to_owned(),
            format!("sep=;\r\n{semicolons}"),
            semicolons.replace(';', "\t"),
            // Quoted names as R writes them, a column of row numbers, short rows and empty rows.
            "\"\",\"row_id\",\"title\",\"review_note\"\n\"1\",\"r1\",\"Côte, Perú\",\"a \"\"b\"\"\nc\"\n2,r2\n,,,\n"
                .to_owned(),
        ];
        for text in rewritten {
            assert_eq!(cells(text.as_bytes()), plain, "{text}");
        }
        let crlf = cells(TABLE.replace('\n', "\r\n").as_bytes());
        assert_eq!(crlf[0][..2], plain[0][..2]);
        let utf16 = |bytes: fn(u16) -> [u8; 2]| {
            let text = format!("\u{feff}{TABLE}");
            text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
        };
        assert_eq!(cells(&utf16(u16::to_le_bytes)), plain);
        assert_eq!(cells(&utf16(u16::to_be_bytes)), plain);
        assert_eq!(cells(&WINDOWS_1252.encode(TABLE).0), plain);
    }

    #[test]
    fn a_header_is_trimmed_and_known_names_may_be_capitals() {
        let table =
            Table::read("a.csv", b" ROW_ID , Review_Stance ,My Own,Sample_Prob,Opinions\nr1,r,x\n").expect("a table");
        assert_eq!(table.header, ["row_id", "review_stance", "My Own", "sample_prob", "opinions"]);
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_way_out() {
        let error = |bytes: &[u8]| Table::read("a.csv", bytes).expect_err("no table").to_string();
        assert_eq!(error(b"id,title\n1,x\n"), "a.csv has no column `row_id`; its first line is `id,title`");
        assert!(error(b"r\0o\0w\0_\0i\0d\0,\0").ends_with("save it as UTF-8"));
        assert!(error(b"row_id,actor,Actor\n").contains("column `actor` twice"));
        let open = error(b"row_id,review_note\nr1,a\nr2,\"b\nr3,c\nr4,d\n");
        assert!(open.starts_with("a.csv, line 3: a quote opens a cell and is never closed"), "{open}");
        for wide in [b"row_id,actor\nr1,x\nr2,x,y\n", b"row_id,actor\rr1,x\rr2,x,y\r"] {
            assert!(error(wide).starts_with("a.csv, line 3: 3 cells under 2 column names"));
        }
    }
}

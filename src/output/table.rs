//! A stance table read back, cell for cell as it stands in the file, and checked to be one.
//!
//! Takes what `label` writes, with or without `review_*` filled in. What spreadsheets make of a table, `review merge`
//! mends. Cells keep their guard against formulas ([`super::cell`]).

use super::cell::unguard;
use super::columns::REVIEWER;
use super::stances::COLUMNS;
use crate::model::folder::sha256;
use crate::stance::Stance;
use csv::StringRecord;
use jiff::civil::Date;

/// A stance table.
#[derive(Debug)]
pub struct StanceTable {
    /// Names of the columns, in the order of the file; all of schema 1, and others where the file has them.
    pub columns: Vec<String>,
    /// The rows, one cell a column.
    pub rows: Vec<StringRecord>,
    /// Whether the file begins with a byte-order mark.
    pub byte_order_mark: bool,
    /// SHA-256 of the file, hexadecimal.
    pub digest: String,
}

/// A file that is not a stance table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Not CSV, or not UTF-8.
    #[error("expected CSV in UTF-8 as `demarche label` writes it")]
    Csv(#[from] csv::Error),
    /// A column is missing.
    #[error(
        "no column `{0}`: expected the columns of docs/csv.md, separated by commas; take the table that `demarche label` \
         wrote, with reviewed cells taken in by `demarche review merge`"
    )]
    Column(&'static str),
    /// A header and nothing else.
    #[error("the table has no rows; `demarche label --include-none` writes rows without a stance, too")]
    Empty,
    /// A cell that its column cannot hold.
    #[error(
        "line {line}, row {row_id}: {column} is `{value}`, expected {expected}; if a spreadsheet saved this file, take the \
         table that `demarche label` wrote, with reviewed cells taken in by `demarche review merge`"
    )]
    Cell {
        /// Line of the file, from 1.
        line: u64,
        /// First cell of the row.
        row_id: String,
        /// Name of the column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// No row has this target.
    #[error("no row has the target `{0}`; targets of most rows: {1}")]
    Target(String, String),
}

impl StanceTable {
    /// Reads the whole file.
    ///
    /// # Errors
    /// If it is not CSV in UTF-8, lacks a column or rows, or a cell does not fit its column.
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let text = bytes.strip_prefix("\u{feff}".as_bytes());
        let mut csv = csv::Reader::from_reader(text.unwrap_or(bytes));
        let columns: Vec<String> = csv.headers()?.iter().map(str::to_owned).collect();
        let mut table = Self { columns, rows: Vec::new(), byte_order_mark: text.is_some(), digest: sha256(bytes) };
        for name in COLUMNS.into_iter().chain([REVIEWER]) {
            table.column(name)?;
        }
        table.rows = csv.records().collect::<Result<_, _>>()?;
        table.check()?;
        Ok(table)
    }

    /// The id of the target that `name` names, by its id or its name in the table, whatever its case.
    ///
    /// # Errors
    /// If no row has it.
    pub fn target(&self, name: &str) -> Result<String, TableError> {
        let (id, label) = (self.column("target")?, self.column("target_name")?);
        let same = |cell: &str| unguard(cell).to_lowercase() == name.to_lowercase();
        if let Some(row) = self.rows.iter().find(|row| same(&row[id]) || same(&row[label])) {
            return Ok(unguard(&row[id]).to_owned());
        }
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for row in &self.rows {
            *counts.entry(unguard(&row[label])).or_default() += 1;
        }
        let mut known: Vec<_> = counts.into_iter().collect();
        known.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let known: Vec<_> = known.into_iter().take(5).map(|(name, _)| name).collect();
        Err(TableError::Target(name.to_owned(), known.join(", ")))
    }

    fn column(&self, name: &'static str) -> Result<usize, TableError> {
        self.columns.iter().position(|column| column == name).ok_or(TableError::Column(name))
    }

    fn check(&self) -> Result<(), TableError> {
        if self.rows.is_empty() {
            return Err(TableError::Empty);
        }
        for (column, fits, expected) in CHECKS {
            let at = self.column(column)?;
            if let Some(row) = self.rows.iter().find(|row| !fits(&row[at])) {
                return Err(TableError::Cell {
                    line: row.position().map_or(0, csv::Position::line),
                    row_id: row[self.column("row_id")?].to_owned(),
                    column,
                    value: row[at].to_owned(),
                    expected,
                });
            }
        }
        Ok(())
    }
}

type Check = (&'static str, fn(&str) -> bool, &'static str);

/// Cells that are more than text: column, whether a cell fits, what would.
const CHECKS: [Check; 11] = [
    ("doc_date", |cell| cell.is_empty() || is_date(cell), "a date such as 2019-08-03, or nothing"),
    ("stance", is_stance, STANCE),
    ("review_stance", |cell| cell.is_empty() || is_stance(cell), STANCE),
    ("confidence", is_probability, PROBABILITY),
    ("p_recognize", is_probability, PROBABILITY),
    ("p_engage", is_probability, PROBABILITY),
    ("p_condemn", is_probability, PROBABILITY),
    ("p_none", is_probability, PROBABILITY),
    ("mixed", is_truth, TRUTH),
    ("needs_review", is_truth, TRUTH),
    ("truncated", is_truth, TRUTH),
];
const STANCE: &str = "recognize, engage, condemn or none";
const PROBABILITY: &str = "a number from 0 to 1";
const TRUTH: &str = "true or false";

/// Days alone, without time or zone: the page compares them as text.
fn is_date(cell: &str) -> bool {
    cell.parse().is_ok_and(|date: Date| date.to_string() == cell)
}

fn is_stance(cell: &str) -> bool {
    cell.parse::<Stance>().is_ok()
}

fn is_probability(cell: &str) -> bool {
    cell.parse::<f64>().is_ok_and(|p| (0.0..=1.0).contains(&p))
}

fn is_truth(cell: &str) -> bool {
    cell.parse::<bool>().is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A table with one row for each of `evidence`, from the Taliban's enemies and friends.
    pub(crate) fn table(evidence: &[&str]) -> String {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(COLUMNS.iter().chain([&REVIEWER])).expect("memory takes it");
        for (i, evidence) in evidence.iter().enumerate() {
            let id = format!("r{i:016}");
            let mut cells = [
                &id,
                "doc",
                "2021-08-19",
                "",
                "RUS",
                "Russia",
                "RUS",
                "#TALIBAN",
                "Taliban",
                "",
                "engage",
                "0.8000",
                "0.1000",
                "0.8000",
                "0.0500",
                "0.0500",
                "1",
                "false",
                "true",
                "false",
                evidence,
                "0",
                "9",
                "a.txt",
                "",
                "",
                "",
            ];
            cells[4] = if i % 2 == 0 { "RUS" } else { "'+UN" };
            csv.write_record(cells).expect("memory takes it");
        }
        String::from_utf8(csv.into_inner().expect("flushed")).expect("UTF-8")
    }

    fn error(text: &str) -> String {
        StanceTable::parse(text.as_bytes()).expect_err("refused").to_string()
    }

    #[test]
    fn cells_are_kept_as_they_stand() {
        let text = format!("\u{feff}{}", table(&["'=1+1", "\"a\", b\r\nc", " \u{2028}"]));
        let read = StanceTable::parse(text.as_bytes()).expect("a table");
        let cells: Vec<_> = read.rows.iter().map(|row| &row[20]).collect();
        assert_eq!(cells, ["'=1+1", "\"a\", b\r\nc", " \u{2028}"]);
        assert!(read.byte_order_mark);
        assert_eq!(read.target("taliban").expect("known"), "#TALIBAN");
        assert_eq!(read.target("#TALIBAN").expect("known"), "#TALIBAN");
        assert!(read.target("Peru").expect_err("unknown").to_string().ends_with("targets of most rows: Taliban"));
    }

    #[test]
    fn what_is_no_stance_table_is_refused_with_column_and_way_out() {
        let good = table(&["a"]);
        assert!(error("id,text\n1,a,b\n").contains("no column `row_id`"));
        assert!(error(&good.replace(",0,9,", ",0,")).contains("UTF-8"));
        assert!(error(&good.replace(',', ";")).contains("separated by commas"));
        assert!(error(&good.replace("review_note", "note")).contains("no column `review_note`"));
        assert!(error(&table(&[])).contains("no rows"));
        for (from, to, named) in [
            ("0.8000,0.1", "\"0,8\",0.1", "line 2, row r0000000000000000: confidence is `0,8`"),
            ("2021-08-19", "19/08/2021", "doc_date is `19/08/2021`"),
            ("2021-08-19", "2021-08-19 00:00:00", "doc_date is `2021-08-19 00:00:00`"),
            ("2021-08-19", "20210819", "doc_date is `20210819`"),
            ("engage,0", "Engage,0", "stance is `Engage`, expected recognize"),
            ("false,true", "FALSE,true", "mixed is `FALSE`"),
            ("a.txt,,", "a.txt,agree,", "review_stance is `agree`"),
        ] {
            assert!(error(&good.replace(from, to)).contains(named), "{named}: {}", error(&good.replace(from, to)));
        }
        assert!(StanceTable::parse(&[good.as_bytes(), b"\xff"].concat()).is_err());
    }
}

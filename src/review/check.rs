//! Whether a returned file still says what the program wrote: every row is known, no machine cell was edited.

use super::habits::Habits;
use super::table::{Table, TableError};
use crate::output::columns::{ROW_ID, is_machine};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Faults that one message lists.
const LISTED: usize = 10;

/// A returned file cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is no table, or lacks columns.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Machine cells were edited.
    #[error(
        "{name} changes {} that the program wrote; corrections go into review_stance and review_note. Restore the old \
         values or leave these columns out: only row_id and the review columns are needed{}",
        several(edits.len(), "cell"), list(edits)
    )]
    Edited {
        /// The file.
        name: String,
        /// In the order of the file.
        edits: Vec<Edit>,
    },
    /// Rows that the stance table does not have.
    #[error(
        "{name} has {} that {base} does not have: give the table that it was made from, or check whether row_id was \
         edited{}",
        several(rows.len(), "row"), list(rows)
    )]
    Unknown {
        /// The file.
        name: String,
        /// The stance table.
        base: String,
        /// In the order of the file.
        rows: Vec<Place>,
    },
    /// Reviews that are no labels.
    #[error("{name} has {} in review_stance that are no label; write recognize, engage, condemn, none or R, E, C, N{}",
        several(found.len(), "cell"), list(found))]
    Label {
        /// The file.
        name: String,
        /// The place, and what stands there.
        found: Vec<Typed>,
    },
    /// Files of two audits.
    #[error(
        "row `{row_id}` has two values of sample_prob, {} and {}: these are queues of two draws. Merge the files \
         of the later one without the column sample_prob, or into a table of their own", draws[0], draws[1]
    )]
    Draws {
        /// The row.
        row_id: String,
        /// One and the other.
        draws: Box<[Drawn; 2]>,
    },
    /// Nobody of this name.
    #[error(
        "no review is by the adjudicator `{name}`; {}",
        if known.is_empty() { "no review has a name".to_owned() } else { format!("reviews are by {}", known.join(", ")) }
    )]
    Adjudicator {
        /// The name.
        name: String,
        /// Who has reviewed, sorted.
        known: Vec<String>,
    },
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: u64,
    /// Its id, as written.
    pub row_id: String,
}

/// A row of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The file.
    pub name: String,
    /// From 1.
    pub line: u64,
    /// As plain decimals.
    pub probability: String,
}

/// A machine cell with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The row.
    pub place: Place,
    /// The column.
    pub column: String,
    /// As the program wrote it.
    pub old: String,
    /// As it came back.
    pub new: String,
}

/// A review cell that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The row.
    pub place: Place,
    /// What stands there.
    pub cell: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, row `{}`", self.line, self.row_id)
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}, line {}", self.probability, self.name, self.line)
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, column {}: `{}` → `{}`", self.place, self.column, short(&self.old), short(&self.new))
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.place, short(&self.cell))
    }
}

/// Rows of a table by their id. Rows of the same content, from texts that were read twice, share one.
pub type Index<'a> = BTreeMap<&'a str, Vec<usize>>;

/// The index of a stance table.
///
/// # Errors
/// If it has no column `row_id`.
pub fn index(base: &Table) -> Result<Index<'_>, TableError> {
    let id = base.need(ROW_ID)?;
    let mut index = Index::new();
    for (i, row) in base.rows.iter().enumerate() {
        index.entry(row.cell(Some(id))).or_default().push(i);
    }
    Ok(index)
}

/// Compares every machine cell of `file` with `base` and counts them. Columns that either lacks are not compared.
///
/// # Errors
/// If rows are unknown or cells edited.
pub fn check(base: &Table, index: &Index, file: &Table) -> Result<usize, CheckError> {
    let id = file.need(ROW_ID)?;
    let place = |row: &super::table::Row| Place { line: row.line, row_id: row.cell(Some(id)).to_owned() };
    let unknown = file.rows.iter().filter(|row| !index.contains_key(row.cell(Some(id))));
    let rows: Vec<Place> = unknown.map(place).collect();
    if !rows.is_empty() {
        return Err(CheckError::Unknown { name: file.name.clone(), base: base.name.clone(), rows });
    }
    let compared: Vec<(usize, usize)> = (0..file.header.len())
        .filter(|i| *i != id && is_machine(&file.header[*i]))
        .filter_map(|i| Some((base.column(&file.header[i])?, i)))
        .collect();
    let twins = |row: &super::table::Row| &index[row.cell(Some(id))];
    let learnt = file.rows.iter().flat_map(|row| {
        let first = &base.rows[twins(row)[0]];
        compared.iter().map(|(of_base, of_file)| (&*first.cells[*of_base], &*row.cells[*of_file]))
    });
    let habits = Habits::learn(file.narrow, learnt);
    let mut edits = Vec::new();
    for row in &file.rows {
        for (of_base, of_file) in &compared {
            let new = &row.cells[*of_file];
            let old = |twin: &usize| &base.rows[*twin].cells[*of_base];
            if !twins(row).iter().any(|twin| habits.same(old(twin), new)) {
                let (column, old) = (file.header[*of_file].clone(), old(&twins(row)[0]).clone());
                edits.push(Edit { place: place(row), column, old, new: new.clone() });
            }
        }
    }
    if edits.is_empty() {
        Ok(file.rows.len() * compared.len())
    } else {
        Err(CheckError::Edited { name: file.name.clone(), edits })
    }
}

/// `1 cell`, `2 cells`.
fn several(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first faults, a line each.
fn list<T: fmt::Display>(faults: &[T]) -> String {
    let mut text = faults.iter().take(LISTED).fold(String::new(), |mut text, fault| {
        let _ = write!(text, "\n  {fault}");
        text
    });
    if faults.len() > LISTED {
        let _ = write!(text, "\n  and {} more", faults.len() - LISTED);
    }
    text
}

/// A cell on one line, not too long to read.
fn short(cell: &str) -> String {
    let line = cell.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 60 { line } else { line.chars().take(59).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "row_id,doc_date,title,stance,confidence,mixed,review_stance\n\
        r1,2019-12-25,'=x,engage,0.9500,true,\nr2,2019-08-03,'+y,condemn,0.5000,false,\n";

    fn checked(file: &str) -> Result<usize, CheckError> {
        let base = Table::read("stances.csv", BASE.as_bytes()).expect("a table");
        let file = Table::read("back.csv", file.as_bytes()).expect("a table");
        check(&base, &index(&base).expect("an index"), &file)
    }

    #[test]
    fn a_file_that_was_only_written_anew_is_whole() {
        assert_eq!(checked(BASE), Ok(10));
        // Reordered, without some columns, in a spreadsheet's formats; the first date shows the order of the second.
        let anew = "mixed;row_id;doc_date;title;confidence\nWAHR; r1;12/25/2019;=x;0,95\nFALSCH;r2 ;8/3/2019;+y;0,5\n";
        assert_eq!(checked(anew), Ok(8));
        assert_eq!(checked("row_id,review_stance\nr2,e\n"), Ok(0));
    }

    #[test]
    fn an_edit_is_refused_with_row_column_and_both_values() {
        let error = checked(&BASE.replace("condemn,0.5000", "engage,0.6000")).expect_err("refused").to_string();
        assert!(error.starts_with("back.csv changes 2 cells that the program wrote"), "{error}");
        assert!(error.contains("\n  line 3, row `r2`, column stance: `condemn` → `engage`"), "{error}");
        assert!(error.contains("\n  line 3, row `r2`, column confidence: `0.5000` → `0.6000`"), "{error}");
        // An ambiguous date is no guess: nothing in the file shows its order.
        assert!(matches!(checked("row_id,doc_date\nr2,8/3/2019\n"), Err(CheckError::Edited { .. })));
    }

    #[test]
    fn an_unknown_row_is_an_error_and_not_a_loss() {
        let error = checked("row_id,review_stance\nr1,e\nr9,c\n").expect_err("refused").to_string();
        assert!(error.contains("back.csv has 1 row that stances.csv does not have"), "{error}");
        assert!(error.ends_with("line 3, row `r9`"), "{error}");
    }
}

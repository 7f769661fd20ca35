//! The merged table while it is filled: the stance table's columns in their order, then what people added.

use super::check::{CheckError, Drawn, Index};
use super::table::{Row, Table};
use super::{JOINT, typed};
use crate::output::cell::guard;
use crate::output::columns::{OPINIONS, REVIEW, ROW_ID, SAMPLE_PROB, is_machine};
use std::collections::{BTreeMap, BTreeSet};

/// The merged table while it is filled.
pub(super) struct Layout {
    /// The stance table's columns, the review columns, added ones.
    pub(super) header: Vec<String>,
    /// All rows of the stance table.
    pub(super) rows: Vec<Vec<String>>,
    /// Where the review columns stand.
    pub(super) review: [usize; 3],
}

impl Layout {
    /// The stance table with empty cells in the columns that `files` add.
    pub(super) fn of(base: &Table, files: &[Table]) -> Self {
        let mut header = base.header.clone();
        let added = files.iter().flat_map(|file| &file.header);
        let added = added.filter(|column| !is_machine(column) && *column != OPINIONS);
        for column in REVIEW.iter().map(|column| (*column).to_owned()).chain(added.cloned()) {
            if !header.contains(&column) {
                header.push(column);
            }
        }
        let widened = |row: &Row| {
            let mut cells = row.cells.clone();
            cells.resize(header.len(), String::new());
            cells
        };
        let rows = base.rows.iter().map(widened).collect();
        let at = |name: &str| header.iter().position(|column| column == name).expect("added above");
        Self { review: REVIEW.map(at), rows, header }
    }

    /// Takes over the columns that people added; where files differ, all that was written. Of rows of the same content one
    /// was drawn: the first has the probability.
    ///
    /// # Errors
    /// If a row was drawn with two probabilities.
    pub(super) fn take_added(&mut self, files: &[Table], known: &Index) -> Result<(), CheckError> {
        let mut draws: BTreeMap<usize, Drawn> = BTreeMap::new();
        let mut values: BTreeMap<(usize, usize), BTreeSet<String>> = BTreeMap::new();
        for file in files {
            let id = file.column(ROW_ID);
            for (i, column) in file.header.iter().enumerate() {
                if is_machine(column) || REVIEW.contains(&column.as_str()) || column == OPINIONS {
                    continue;
                }
                let to = self.header.iter().position(|c| c == column).expect("added by the layout");
                for row in &file.rows {
                    let cell = if column == SAMPLE_PROB {
                        typed::plain_number(&row.cells[i])
                    } else {
                        typed::free(&row.cells[i])
                    };
                    if cell.is_empty() {
                        continue;
                    }
                    let twins = &known[row.cell(id)];
                    if column == SAMPLE_PROB {
                        let drawn = Drawn { name: file.name.clone(), line: row.line, probability: cell.clone() };
                        let first = draws.entry(twins[0]).or_insert_with(|| drawn.clone());
                        if first.probability != drawn.probability {
                            let row_id = row.cell(id).to_owned();
                            return Err(CheckError::Draws { row_id, draws: Box::new([first.clone(), drawn]) });
                        }
                    }
                    for twin in if column == SAMPLE_PROB { &twins[..1] } else { twins } {
                        values.entry((*twin, to)).or_default().insert(cell.clone());
                    }
                }
            }
        }
        for ((row, column), cells) in values {
            self.rows[row][column] = guard(&cells.into_iter().collect::<Vec<_>>().join(JOINT));
        }
        Ok(())
    }

    /// Fills the review columns of a row: stance, note and names, as text.
    pub(super) fn set(&mut self, row: usize, review: [&str; 3]) {
        for (column, text) in self.review.into_iter().zip(review) {
            self.rows[row][column] = guard(text);
        }
    }
}

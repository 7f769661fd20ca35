//! Who gave which row which label: the data behind agreement.

use super::check::{CheckError, Index};
use super::merge::{reviews, stem};
use super::table::Table;
use super::typed;
use crate::output::cell::unguard;
use crate::output::columns::{ACTOR, DOC_ID, ROW_ID, SAMPLE_PROB, STANCE, is_machine};
use crate::stance::Stance;
use std::collections::{BTreeMap, BTreeSet};

/// Labels of several raters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratings {
    /// Names, sorted.
    pub raters: Vec<String>,
    /// Rows with at least one label, by row id.
    pub units: Vec<RatedRow>,
}

/// One row and its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatedRow {
    /// Its document: what intervals draw.
    pub document: String,
    /// Registry id of the actor; empty if no file says.
    pub actor: String,
    /// The model's label, if a file says.
    pub model: Option<Stance>,
    /// Whether it was drawn into an audit.
    pub audit: bool,
    /// The label of each rater, in the order of the names.
    pub labels: Vec<Option<Stance>>,
}

/// Files whose agreement cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum RatingsError {
    /// A file is no table, or holds what is no label.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// One name, two labels.
    #[error(
        "`{rater}` gives row `{row_id}` two labels, {first} and {second}; if these are two people, name them apart in the \
         column reviewer"
    )]
    Twice {
        /// Who.
        rater: String,
        /// The row.
        row_id: String,
        /// One label.
        first: Stance,
        /// The other.
        second: Stance,
    },
    /// Rows without a document.
    #[error(
        "no file says which document row `{0}` is from; give the table that the files were made from with --stances"
    )]
    Document(String),
}

/// Collects the labels of `files`. A rater is a name of the column `reviewer`, or else the name of the file. What is known
/// of a row beside its labels is taken from `stances` and then from the first file that says it.
///
/// # Errors
/// If a file is no table, a label cannot be read, a rater contradicts themselves, or a row has no document.
pub fn collect(files: &[Table], stances: Option<&Table>) -> Result<Ratings, RatingsError> {
    let tables: Vec<&Table> = stances.into_iter().chain(files).collect();
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for table in &tables {
        let id = table.need(ROW_ID).map_err(CheckError::from)?;
        ids.extend(table.rows.iter().map(|row| row.cell(Some(id))));
    }
    let ids: Vec<&str> = ids.into_iter().collect();
    let index: Index = ids.iter().enumerate().map(|(i, id)| (*id, vec![i])).collect();

    let mut given: BTreeMap<usize, BTreeMap<String, Stance>> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        for review in reviews(file, number, &index, &stem(&file.name))? {
            let Some(second) = review.stance else { continue };
            let first = *given.entry(review.row).or_default().entry(review.reviewer.clone()).or_insert(second);
            if first != second {
                let row_id = ids[review.row].to_owned();
                return Err(RatingsError::Twice { rater: review.reviewer, row_id, first, second });
            }
        }
    }
    let raters: BTreeSet<&String> = given.values().flat_map(BTreeMap::keys).collect();
    let facts = |column| facts(&tables, &index, column);
    let (documents, actors, models, probs) = (facts(DOC_ID), facts(ACTOR), facts(STANCE), facts(SAMPLE_PROB));
    let unit = |(row, labels): (&usize, &BTreeMap<String, Stance>)| {
        let document = documents.get(row).ok_or_else(|| RatingsError::Document(ids[*row].to_owned()))?;
        Ok(RatedRow {
            document: unguard(document).to_owned(),
            actor: actors.get(row).map_or("", |actor| unguard(actor)).to_owned(),
            model: models.get(row).and_then(|label| typed::stance(label).ok().flatten()),
            audit: probs.contains_key(row),
            labels: raters.iter().map(|rater| labels.get(*rater).copied()).collect(),
        })
    };
    let units = given.iter().map(unit).collect::<Result<_, RatingsError>>()?;
    Ok(Ratings { raters: raters.into_iter().cloned().collect(), units })
}

/// The first filled cell of a column that a table has for each row. A document may be called `NA`; elsewhere that is a sign
/// of a missing value.
fn facts<'a>(tables: &[&'a Table], index: &Index, column: &str) -> BTreeMap<usize, &'a str> {
    let filled = |cell: &str| if is_machine(column) { !cell.is_empty() } else { !typed::free(cell).is_empty() };
    let mut facts = BTreeMap::new();
    for table in tables {
        let (id, at) = (table.column(ROW_ID), table.column(column));
        for row in table.rows.iter().filter(|row| filled(row.cell(at))) {
            facts.entry(index[row.cell(id)][0]).or_insert(row.cell(at));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, text: &str) -> Table {
        Table::read(name, text.as_bytes()).expect("a table")
    }

    #[test]
    fn labels_are_gathered_by_row_and_rater_with_missing_values() {
        let stances =
            table("stances.csv", "row_id,doc_id,actor,stance\nr1,d1,'+UN,none\nr2,d2,RUS,engage\nr3,d3,USA,engage\n");
        let files = [
            table("x/ana.csv", "row_id,review_stance,sample_prob\nr1,n,0.1\nr2,E,NA\nr3,,\n"),
            table("b.csv", "row_id;review_stance;reviewer\nr2;Condemn;ben\n"),
        ];
        let ratings = collect(&files, Some(&stances)).expect("ratings");
        assert_eq!(ratings.raters, ["ana", "ben"]);
        let found: Vec<_> =
            ratings.units.iter().map(|u| (&*u.document, &*u.actor, u.model, u.audit, &*u.labels)).collect();
        let (none, engage, condemn) = (Some(Stance::None), Some(Stance::Engage), Some(Stance::Condemn));
        let expected: [(_, _, _, _, &[Option<Stance>]); 2] =
            [("d1", "+UN", none, true, &[none, None]), ("d2", "RUS", engage, false, &[engage, condemn])];
        assert_eq!(found, expected);
        let error = collect(&files, None).expect_err("no documents").to_string();
        assert!(error.contains("row `r1`") && error.contains("--stances"), "{error}");
    }

    #[test]
    fn one_name_with_two_labels_is_refused() {
        let files = ["a/x.csv", "b/x.csv"].map(|name| {
            table(name, &format!("row_id,doc_id,review_stance\nr1,d,{}\n", if name < "b" { "e" } else { "c" }))
        });
        let error = collect(&files, None).expect_err("refused").to_string();
        assert!(error.starts_with("`x` gives row `r1` two labels, engage and condemn"), "{error}");
    }
}

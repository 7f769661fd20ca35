//! Takes reviews back into the stance table: one stance a row where the reviewers agree, a conflict where they do not.
//!
//! Machine cells are those of the stance table, to the byte. The result does not depend on the order of the files, and
//! merging a file again changes nothing.

use super::check::{CheckError, Index, Place, Typed, check, index};
use super::layout::Layout;
use super::table::Table;
use super::typed;
use super::verdict::{Opinions, Verdict, told};
use crate::output::cell::guard;
use crate::output::columns::{OPINIONS, REVIEW, ROW_ID, STANCE};
use crate::stance::Stance;
use std::collections::{BTreeMap, BTreeSet};

/// What one person said about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Row of the stance table, the first of this content.
    pub row: usize,
    /// Who.
    pub reviewer: String,
    /// The label; `None` if there is only a note.
    pub stance: Option<Stance>,
    /// The note; may be empty.
    pub note: String,
    /// Index of the file.
    pub file: usize,
}

/// The stance table with the reviews in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The columns of the stance table in their order, the review columns, then columns that people added.
    pub header: Vec<String>,
    /// All rows of the stance table, in its order.
    pub rows: Vec<Vec<String>>,
    /// Rows in conflict, and who said what.
    pub conflicts: Vec<(usize, String)>,
    /// Every review of the files, by row and file.
    pub reviews: Vec<Review>,
    /// Counts.
    pub summary: Summary,
}

/// What became of the rows: rows = confirmed + corrected + in conflict + untouched.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Summary {
    /// Rows of the stance table.
    pub rows: usize,
    /// Rows with a review, in conflict or not.
    pub reviewed: usize,
    /// Rows whose review is the model's label.
    pub confirmed: usize,
    /// Rows whose review is another label.
    pub corrected: usize,
    /// Corrected rows by the model's label and the review.
    pub corrections: Vec<(Stance, Stance, usize)>,
    /// Rows on which reviewers differ.
    pub conflicts: usize,
    /// Rows without a reviewed stance.
    pub untouched: usize,
    /// Untouched rows with a note.
    pub noted: usize,
    /// Machine cells of the files that were compared with the stance table; none differs.
    pub compared: usize,
}

/// Merges `files` into `base`. A review of the same person in `base` is replaced, by a mere note only its note; the
/// `adjudicator` outvotes all others.
///
/// # Errors
/// If a file has unknown rows, edited machine cells or a review that is no label, two files have drawn a row with different
/// probabilities, or no review is by the adjudicator.
pub fn merge(base: &Table, files: &[Table], adjudicator: Option<&str>) -> Result<Merged, CheckError> {
    let known = index(base)?;
    let mut compared = 0;
    for file in files {
        compared += check(base, &known, file)?;
    }
    let mut reviews = Vec::new();
    for (i, file) in files.iter().enumerate() {
        reviews.extend(self::reviews(file, i, &known, &stem(&file.name))?);
    }
    reviews.sort_by_key(|review| (review.row, review.file));

    let earlier = self::reviews(base, usize::MAX, &known, "")?;
    let mut opinions: BTreeMap<usize, Opinions> = BTreeMap::new();
    // Who says something new about a row, and whether that is more than a note.
    let mut again: BTreeMap<(usize, &str), bool> = BTreeMap::new();
    for review in &reviews {
        *again.entry((review.row, &*review.reviewer)).or_default() |= review.stance.is_some();
    }
    let standing = earlier.into_iter().filter_map(|review| match again.get(&(review.row, &*review.reviewer)) {
        None => Some(review),
        Some(false) => Some(Review { note: String::new(), ..review }),
        Some(true) => None,
    });
    for review in standing.chain(reviews.iter().cloned()) {
        let (stances, notes) = opinions.entry(review.row).or_default().entry(review.reviewer.clone()).or_default();
        stances.extend(review.stance);
        notes.extend(Some(review.note.clone()).filter(|note| !note.is_empty()));
    }
    if let Some(name) = adjudicator {
        let known: BTreeSet<&String> = opinions.values().flat_map(BTreeMap::keys).collect();
        if !known.iter().any(|known| *known == name) {
            let known = known.into_iter().filter(|known| !known.is_empty()).cloned().collect();
            return Err(CheckError::Adjudicator { name: name.to_owned(), known });
        }
    }

    let mut layout = Layout::of(base, files);
    layout.take_added(files, &known)?;
    let mut conflicts = Vec::new();
    for (first, opinions) in &opinions {
        let verdict = Verdict::of(opinions, adjudicator);
        for row in &known[base.rows[*first].cell(base.column(ROW_ID))] {
            match &verdict {
                Verdict::Conflict => layout.set(*row, [""; 3]),
                Verdict::Settled(stance, note, names) => {
                    layout.set(*row, [stance.map_or("", Stance::name), note, names]);
                }
            }
            if verdict == Verdict::Conflict {
                conflicts.push((*row, told(opinions)));
            }
        }
    }
    conflicts.sort();
    let summary = Summary { compared, ..summary(base, &layout, conflicts.len())? };
    Ok(Merged { header: layout.header, rows: layout.rows, conflicts, reviews, summary })
}

/// The reviews of one file. Whoever did not give a name is called `unnamed`.
pub(super) fn reviews(file: &Table, number: usize, known: &Index, unnamed: &str) -> Result<Vec<Review>, CheckError> {
    let id = file.need(ROW_ID)?;
    let [stance, note, reviewer] = REVIEW.map(|column| file.column(column));
    let (mut reviews, mut faults) = (Vec::new(), Vec::new());
    for row in &file.rows {
        let row_id = row.cell(Some(id));
        let label = match typed::stance(row.cell(stance)) {
            Ok(label) => label,
            Err(cell) => {
                faults.push(Typed { place: Place { line: row.line, row_id: row_id.to_owned() }, cell });
                continue;
            }
        };
        let note = typed::free(row.cell(note));
        if label.is_none() && note.is_empty() {
            continue;
        }
        let mut names = typed::several(row.cell(reviewer));
        if names.is_empty() {
            names.push(unnamed.to_owned());
        }
        reviews.extend(names.into_iter().map(|reviewer| Review {
            row: known[row_id][0],
            reviewer,
            stance: label,
            note: note.clone(),
            file: number,
        }));
    }
    if faults.is_empty() { Ok(reviews) } else { Err(CheckError::Label { name: file.name.clone(), found: faults }) }
}

/// The name of a file without folders and extension.
pub(super) fn stem(name: &str) -> String {
    std::path::Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn summary(base: &Table, layout: &Layout, conflicts: usize) -> Result<Summary, CheckError> {
    let model = base.need(STANCE)?;
    let mut summary = Summary { rows: base.rows.len(), conflicts, ..Summary::default() };
    let mut corrections: BTreeMap<(Stance, Stance), usize> = BTreeMap::new();
    for (row, merged) in base.rows.iter().zip(&layout.rows) {
        let label = row.cell(Some(model));
        let expected = "none, recognize, engage or condemn";
        let from: Stance = label.parse().map_err(|_| base.cell_error(row, label, expected))?;
        match typed::stance(&merged[layout.review[0]]).ok().flatten() {
            Some(to) if to == from => summary.confirmed += 1,
            Some(to) => *corrections.entry((from, to)).or_default() += 1,
            None => summary.noted += usize::from(!merged[layout.review[1]].is_empty()),
        }
    }
    summary.corrected = corrections.values().sum();
    summary.corrections = corrections.into_iter().map(|((from, to), count)| (from, to, count)).collect();
    summary.reviewed = summary.confirmed + summary.corrected + conflicts;
    summary.untouched = summary.rows - summary.reviewed;
    Ok(summary)
}

impl Merged {
    /// The rows in conflict as a table of its own, to be filled in by whoever decides and merged again.
    pub fn conflict_table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let mut header = self.header.clone();
        header.push(OPINIONS.to_owned());
        let row = |(row, opinions): &(usize, String)| {
            let mut cells = self.rows[*row].clone();
            cells.push(guard(opinions));
            cells
        };
        (header, self.conflicts.iter().map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "row_id,title,stance,review_stance,review_note,reviewer\n\
        r1,'=a,engage,,,\nr2,b,condemn,,,\nr3,c,none,,,\nr4,d,recognize,,,\n";

    fn table(name: &str, text: &str) -> Table {
        Table::read(name, text.as_bytes()).expect("a table")
    }

    fn merged(base: &str, files: &[(&str, &str)], adjudicator: Option<&str>) -> Merged {
        let files: Vec<Table> = files.iter().map(|(name, text)| table(name, text)).collect();
        merge(&table("stances.csv", base), &files, adjudicator).expect("merged")
    }

    fn text(header: &[String], rows: &[Vec<String>]) -> String {
        std::iter::once(&header.to_vec()).chain(rows).map(|cells| cells.join(",") + "\n").collect()
    }

    const ANA: (&str, &str) = ("in/ana.csv", "review_note,row_id,review_stance\n=no,r1,C\n,r2,condemn\nhm,r3,\n");
    const BEN: (&str, &str) = ("ben.csv", "row_id,review_stance,reviewer\nr1,Condemn,ben\nr2,engage,ben\n");

    #[test]
    fn reviews_fill_their_columns_and_nothing_else() {
        let m = merged(BASE, &[ANA], None);
        assert_eq!(
            text(&m.header, &m.rows),
            "row_id,title,stance,review_stance,review_note,reviewer\n\
             r1,'=a,engage,condemn,'=no,ana\nr2,b,condemn,condemn,,ana\nr3,c,none,,hm,ana\nr4,d,recognize,,,\n"
        );
        let expected = Summary {
            rows: 4,
            reviewed: 2,
            confirmed: 1,
            corrected: 1,
            corrections: vec![(Stance::Engage, Stance::Condemn, 1)],
            conflicts: 0,
            untouched: 2,
            noted: 1,
            compared: 0,
        };
        assert_eq!(m.summary, expected);
    }

    #[test]
    fn reviewers_who_differ_are_a_conflict_until_someone_decides() {
        let m = merged(BASE, &[ANA, BEN], None);
        assert_eq!(m.rows[0][3..], ["condemn", "'=no", "ana; ben"]);
        assert_eq!(m.rows[1][3..], ["", "", ""]);
        assert_eq!(m.conflicts, [(1, "ana: condemn; ben: engage".to_owned())]);
        assert_eq!((m.summary.conflicts, m.summary.untouched), (1, 2));
        let (header, rows) = m.conflict_table();
        let decided = text(&header, &rows).replace("condemn,,,,", "condemn,n,,chair,");
        let m = merged(BASE, &[ANA, BEN, ("conflicts.csv", &decided)], Some("chair"));
        assert_eq!(m.rows[1][3..], ["none", "", "chair"]);
        assert_eq!((m.summary.conflicts, m.header.len()), (0, 6));
    }

    #[test]
    fn the_order_of_the_files_does_not_matter_and_merging_again_changes_nothing() {
        let m = merged(BASE, &[ANA, BEN], None);
        let turned = merged(BASE, &[BEN, ANA], None);
        assert_eq!((&m.rows, &m.conflicts, &m.summary), (&turned.rows, &turned.conflicts, &turned.summary));
        let one = merged(BASE, &[ANA], None);
        let again = merged(&text(&one.header, &one.rows), &[ANA], None);
        assert_eq!(one.rows, again.rows);
        // The merged table as a review of itself.
        let own = text(&one.header, &one.rows);
        assert_eq!(merged(BASE, &[("gold.csv", &own)], None).rows, one.rows);
        // Notes of two people are joined once.
        let notes = [("a.csv", "row_id,review_note\nr1,z; y\n"), ("b.csv", "row_id,review_note\nr1,x\n")];
        let both = merged(BASE, &notes, None);
        assert_eq!(both.rows[0][3..], ["", "x; z; y", "a; b"]);
        assert_eq!(merged(&text(&both.header, &both.rows), &notes, None).rows, both.rows);
    }

    #[test]
    fn notes_of_the_same_parts_are_kept_once() {
        let notes = [("a.csv", "row_id,review_note\nr1,y; z\nr2,p;q\n"), ("b.csv", "row_id,review_note\nr1,z;y\n")];
        let m = merged(BASE, &notes, None);
        assert_eq!((&*m.rows[0][4], &*m.rows[1][4]), ("y; z", "p;q"));
    }

    #[test]
    fn a_later_note_without_a_stance_leaves_the_stance_of_the_same_person() {
        let first = merged(BASE, &[ANA], None);
        let later = ("ana.csv", "row_id,review_note\nr1,yes\n");
        let m = merged(&text(&first.header, &first.rows), &[later], None);
        assert_eq!(m.rows[0][3..], ["condemn", "yes", "ana"]);
    }

    #[test]
    fn a_review_without_a_name_in_the_table_adds_no_empty_name() {
        let m = merged(&BASE.replace("r1,'=a,engage,,,", "r1,'=a,engage,condemn,,"), &[BEN], None);
        assert_eq!(m.rows[0][3..], ["condemn", "", "ben"]);
    }

    #[test]
    fn an_adjudicator_whom_no_review_names_and_a_row_of_two_draws_are_refused() {
        let refused = |files: &[(&str, &str)], adjudicator| {
            let files: Vec<Table> = files.iter().map(|(name, text)| table(name, text)).collect();
            merge(&table("stances.csv", BASE), &files, adjudicator).expect_err("refused").to_string()
        };
        let error = refused(&[ANA, BEN], Some("chiar"));
        assert_eq!(error, "no review is by the adjudicator `chiar`; reviews are by ana, ben");
        let draws = [
            ("a.csv", "row_id,sample_prob\nr1,0.25\n"),
            ("b.csv", "row_id,sample_prob\nr1,\"0,250\"\n"),
            ("c.csv", "row_id,sample_prob\nr2,NA\nr1,0.5\n"),
        ];
        let error = refused(&draws, None);
        let expected = "row `r1` has two values of sample_prob, 0.25 in a.csv, line 2 and 0.5 in c.csv, line 3: ";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn a_person_may_change_their_mind_but_not_in_one_go() {
        let first = merged(BASE, &[BEN], None);
        let later = ("ben.csv", "row_id,review_stance\nr2,N\n");
        let m = merged(&text(&first.header, &first.rows), &[later], None);
        assert_eq!(m.rows[1][3..], ["none", "", "ben"]);
        assert_eq!(merged(BASE, &[BEN, later], None).conflicts, [(1, "ben: none and engage".to_owned())]);
    }

    #[test]
    fn added_columns_are_kept_and_rows_of_the_same_content_share_a_review() {
        let twice = format!("{BASE}r2,b,condemn,,,\n");
        let file = ("a.csv", "row_id;topic;sample_prob;review_stance\nr2;-trade;0,25;e\n");
        let m = merged(&twice, &[file], None);
        assert_eq!(m.header[6..], ["topic", "sample_prob"]);
        assert_eq!(m.rows[1][3..], ["engage", "", "a", "'-trade", "0.25"]);
        // One of the two was drawn.
        assert_eq!(m.rows[4][..7], m.rows[1][..7]);
        assert_eq!(m.rows[4][7], "");
        assert_eq!(m.summary.corrected, 2);
        assert_eq!(m.reviews.len(), 1);
    }

    #[test]
    fn a_review_that_is_no_label_is_refused_with_its_row() {
        let files = [table("a.csv", "row_id,review_stance\nr1,e\nr2,support\n")];
        let error = merge(&table("stances.csv", BASE), &files, None).expect_err("refused").to_string();
        assert!(
            error.starts_with("a.csv has 1 cell in review_stance") && error.ends_with("row `r2`: `support`"),
            "{error}"
        );
    }
}

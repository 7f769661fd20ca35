//! A merged stance table with an audit into totals that people may publish: share and count of each stance, by polity and
//! period, with the model's errors corrected by what reviewers found in the random sample.
//!
//! Reads rows and forms groups; the estimator is `metrics::estimate`.

use super::audit::{self, AuditError};
use super::table::{Row, Table, TableError};
use super::typed::{plain_number, stance};
use crate::metrics::estimate::{Estimate, Review, Unit, share, tuning};
use crate::output::cell::unguard;
use crate::output::columns::{ACTOR, PROBABILITIES, REVIEW_STANCE, ROW_ID, SAMPLE_PROB, STANCE, TARGET};
use crate::stance::Stance;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a group of rows has in common, apart from the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// Nothing: all rows.
    All,
    /// Who takes the stance.
    Actor,
    /// Toward whom.
    Target,
    /// Both.
    Dyad,
}

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Period {
    /// `2019`.
    Year,
    /// `2019-Q3`.
    Quarter,
    /// `2019-08`.
    Month,
}

/// One stance in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Total {
    /// Registry id, `actor>target`, or `all`.
    pub group: String,
    /// Period; empty for all time, `undated` for rows without a date.
    pub period: String,
    /// The stance.
    pub stance: Stance,
    /// What was estimated.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// All totals, and how complete the audit is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// By group, then period, then stance.
    pub totals: Vec<Total>,
    /// Rows that were drawn for the audit.
    pub drawn: usize,
    /// Of these, reviewed.
    pub reviewed: usize,
    /// Whether the table has rows that the model labelled `none`: without them, what it overlooked stays unknown.
    pub has_none: bool,
}

/// The table cannot be estimated from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TotalsError {
    /// It lacks columns or a cell does not fit.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Its audit does not stand for it.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

struct Line {
    group: String,
    period: String,
    probabilities: [f64; 4],
    label: Stance,
    drawn: Option<f64>,
    review: Option<(Stance, f64)>,
}

/// Estimates the totals of a merged table. Of rows with the same `row_id` only one counts as drawn.
///
/// # Errors
/// If a column is missing, a cell does not hold what it should, no audit row was reviewed, there were several audits, or
/// the audit does not stand for these rows.
pub fn totals(table: &Table, by: By, period: Option<Period>) -> Result<Totals, TotalsError> {
    let mut lines = Vec::new();
    let columns = Columns::of(table)?;
    let (mut distinct, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for row in &table.rows {
        let mut line = columns.line(table, row, by, period)?;
        let id = row.cell(Some(columns.id));
        distinct.insert(id);
        // Sorting may have put a twin that was not drawn in front.
        if line.drawn.is_some() && !seen.insert(id) {
            (line.drawn, line.review) = (None, None);
        }
        lines.push(line);
    }
    let drawn: Vec<f64> = lines.iter().filter_map(|l| l.drawn).collect();
    let reviewed = lines.iter().filter(|l| l.review.is_some()).count();
    audit::check(&table.name, &drawn, reviewed, distinct.len())?;
    let mut groups: BTreeMap<(&str, &str), Vec<&Line>> = BTreeMap::new();
    for line in &lines {
        groups.entry((&line.group, &line.period)).or_default().push(line);
    }
    let everything: Vec<&Line> = lines.iter().collect();
    let lambda = Stance::ALL.map(|stance| tuning(&units(&everything, stance)));
    let mut totals = Vec::new();
    for ((group, period), lines) in groups {
        for stance in Stance::ALL {
            totals.push(Total {
                group: group.to_owned(),
                period: period.to_owned(),
                stance,
                estimate: share(&units(&lines, stance), lambda[stance.index()]),
            });
        }
    }
    Ok(Totals { totals, drawn: drawn.len(), reviewed, has_none: lines.iter().any(|l| l.label == Stance::None) })
}

fn units(lines: &[&Line], stance: Stance) -> Vec<Unit> {
    let unit = |line: &&Line| Unit {
        predicted: line.probabilities[stance.index()],
        labelled: line.label == stance,
        review: line.review.map(|(said, probability)| Review { is: said == stance, probability }),
    };
    lines.iter().map(unit).collect()
}

struct Columns {
    id: usize,
    actor: usize,
    target: usize,
    label: usize,
    date: usize,
    probabilities: [usize; 4],
    sample: usize,
    review: usize,
}

impl Columns {
    fn of(table: &Table) -> Result<Self, TableError> {
        let [a, b, c, d] = PROBABILITIES;
        Ok(Self {
            id: table.need(ROW_ID)?,
            actor: table.need(ACTOR)?,
            target: table.need(TARGET)?,
            label: table.need(STANCE)?,
            date: table.need("doc_date")?,
            probabilities: [table.need(a)?, table.need(b)?, table.need(c)?, table.need(d)?],
            sample: table.need(SAMPLE_PROB)?,
            review: table.need(REVIEW_STANCE)?,
        })
    }

    fn line(&self, table: &Table, row: &Row, by: By, period: Option<Period>) -> Result<Line, TableError> {
        let number = |column: usize, expected| {
            let cell = row.cell(Some(column));
            let value = plain_number(cell).parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
            value.ok_or_else(|| table.cell_error(row, cell, expected))
        };
        let label = |column: usize| {
            let cell = row.cell(Some(column));
            stance(cell).map_err(|cell| table.cell_error(row, &cell, "none, recognize, engage or condemn"))
        };
        let mut probabilities = [0.0; 4];
        for (p, column) in probabilities.iter_mut().zip(self.probabilities) {
            *p = number(column, "a probability")?;
        }
        let sample = row.cell(Some(self.sample));
        let drawn = match plain_number(sample).as_str() {
            "" => None,
            _ => Some(number(self.sample, "a probability above 0")?),
        };
        if drawn == Some(0.0) {
            return Err(table.cell_error(row, sample, "a probability above 0"));
        }
        let review = label(self.review)?.zip(drawn);
        let labelled = label(self.label)?;
        let labelled = labelled.ok_or_else(|| table.cell_error(row, "", "the model's label"))?;
        let id = |column: usize| unguard(row.cell(Some(column))).to_owned();
        Ok(Line {
            group: match by {
                By::All => "all".to_owned(),
                By::Actor => id(self.actor),
                By::Target => id(self.target),
                By::Dyad => format!("{}>{}", id(self.actor), id(self.target)),
            },
            period: match period {
                None => String::new(),
                Some(period) => {
                    let date = row.cell(Some(self.date));
                    named(date, period).ok_or_else(|| table.cell_error(row, date, "a date such as 2019-08-03"))?
                }
            },
            probabilities,
            label: labelled,
            drawn,
            review,
        })
    }
}

/// The period that a date falls into; `None` if it is no ISO date.
fn named(date: &str, period: Period) -> Option<String> {
    if date.is_empty() {
        return Some("undated".to_owned());
    }
    let day: crate::document::Date = date.parse().ok().filter(|day: &crate::document::Date| day.to_string() == date)?;
    Some(match period {
        Period::Year => format!("{}", day.year()),
        Period::Quarter => format!("{}-Q{}", day.year(), (day.month() + 2) / 3),
        Period::Month => format!("{}-{:02}", day.year(), day.month()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "row_id,doc_date,actor,target,stance,p_none,p_recognize,p_engage,p_condemn,review_stance,sample_prob\n";

    fn read(rows: &str) -> Table {
        Table::read("merged.csv", format!("{HEAD}{rows}").as_bytes()).expect("a table")
    }

    /// 40 rows that the model calls condemn; 20 were drawn, and reviewers call 5 of these none.
    fn audited() -> Table {
        let row = |i: usize| {
            let review = match (i % 2, i % 8) {
                (0, 0) => "none,0.5",
                (0, _) => "C,\"0,5\"",
                _ => ",",
            };
            format!("r{i},2019-0{}-01,'+UN,RUS,condemn,0.1,0,0,0.9,{review}\n", 1 + i % 3)
        };
        read(&(0..40).map(row).collect::<String>())
    }

    #[test]
    fn the_share_is_what_reviewers_found_in_the_sample() {
        let found = totals(&audited(), By::Actor, None).expect("an audit");
        assert_eq!((found.drawn, found.reviewed, found.has_none), (20, 20, false));
        let condemn = found.totals.iter().find(|t| t.stance == Stance::Condemn).expect("a total");
        assert_eq!((condemn.group.as_str(), condemn.estimate.rows, condemn.estimate.labelled), ("+UN", 40, 40));
        let share = condemn.estimate.share.expect("reviewed rows");
        assert!((share - 0.75).abs() < 1e-9, "{share}");
        let interval = condemn.estimate.interval.expect("20 reviewed rows");
        assert!(interval.low < 0.75 && interval.high > 0.75 && interval.high < 1.0);
    }

    #[test]
    fn rows_are_grouped_by_polity_and_period() {
        let found = totals(&audited(), By::Dyad, Some(Period::Month)).expect("an audit");
        let groups: Vec<_> = found.totals.iter().map(|t| (t.group.as_str(), t.period.as_str())).collect();
        assert_eq!(groups.len(), 12);
        assert!(groups.contains(&("+UN>RUS", "2019-02")));
        assert_eq!(named("2019-08-03", Period::Quarter).as_deref(), Some("2019-Q3"));
        assert_eq!(named("", Period::Year).as_deref(), Some("undated"));
        assert_eq!(named("03.08.2019", Period::Year), None);
    }

    #[test]
    fn what_was_not_drawn_may_be_a_missing_value_and_a_twin_is_drawn_once() {
        let mut table = audited();
        let sample = table.column(SAMPLE_PROB).expect("a column");
        let twins: Vec<Row> = table.rows.iter().filter(|row| !row.cells[sample].is_empty()).take(4).cloned().collect();
        for row in table.rows.iter_mut().filter(|row| row.cells[sample].is_empty()) {
            row.cells[sample] = "NA".into();
        }
        table.rows.extend(twins);
        let found = totals(&table, By::All, None).expect("an audit");
        assert_eq!((found.drawn, found.reviewed, found.totals[0].estimate.rows), (20, 20, 44));
    }

    #[test]
    fn of_twins_the_drawn_one_counts_wherever_it_stands() {
        let mut table = audited();
        let sample = table.column(SAMPLE_PROB).expect("a column");
        let mut twin = table.rows[0].clone();
        twin.cells[sample].clear();
        table.rows.insert(0, twin);
        let found = totals(&table, By::All, None).expect("an audit");
        assert_eq!((found.drawn, found.reviewed, found.totals[0].estimate.rows), (20, 20, 41));
    }

    #[test]
    fn drawn_rows_without_a_review_are_counted_and_lost_ones_are_refused() {
        let mut table = audited();
        let (review, sample) =
            (table.column(REVIEW_STANCE).expect("a column"), table.column(SAMPLE_PROB).expect("a column"));
        table.rows[2].cells[review].clear();
        let found = totals(&table, By::All, None).expect("an audit");
        assert_eq!((found.drawn, found.reviewed), (20, 19));
        table.rows[2].cells[sample].clear();
        let error = totals(&table, By::All, None).expect_err("refused").to_string();
        let expected = "merged.csv: its 19 audit rows, drawn with probability 0.5, stand for 38 rows, and it has 40 (each \
                        row_id once). If audit rows were deleted";
        assert!(error.starts_with(expected) && error.contains("REVIEWED QUEUE"), "{error}");
    }

    #[test]
    fn an_audit_of_what_was_left_after_a_first_round_does_not_stand_for_the_whole_table() {
        let mut table = audited();
        let known = |i: usize| format!("k{i},,RUS,UKR,condemn,0,0,0,1,C,\n");
        table.rows.extend(read(&(0..3).map(known).collect::<String>()).rows);
        let error = totals(&table, By::All, None).expect_err("refused").to_string();
        assert!(error.contains("stand for 40 rows, and it has 43") && error.contains("before the audit"), "{error}");
    }

    #[test]
    fn a_part_of_the_table_and_two_audits_of_one_probability_are_refused() {
        let mut table = audited();
        let sample = table.column(SAMPLE_PROB).expect("a column");
        table.rows[1].cells[sample] = "0.5".into();
        let error = totals(&table, By::All, None).expect_err("refused").to_string();
        assert!(error.contains("stand for 42 rows, and it has 40") && error.contains("several audits"), "{error}");
        let mut table = audited();
        table.rows.remove(1);
        let error = totals(&table, By::All, None).expect_err("refused").to_string();
        assert!(error.contains("taken out of the table"), "{error}");
    }

    #[test]
    fn the_six_digits_of_a_queue_are_exact_enough_for_any_draw() {
        for (drawn, rows) in [(7, 1999), (3, 7001), (123, 9973), (1, 3)] {
            let probability = crate::review::queue::rounded(drawn as f64 / rows as f64);
            let row = |i: usize| {
                let review = if i < drawn { format!("C,{probability}") } else { ",".to_owned() };
                format!("r{i},,RUS,UKR,condemn,0,0,0,1,{review}\n")
            };
            let found = totals(&read(&(0..rows).map(row).collect::<String>()), By::All, None);
            assert_eq!(found.map(|f| f.drawn), Ok(drawn));
        }
    }

    #[test]
    fn two_audits_are_not_pooled() {
        let mut table = audited();
        let sample = table.column(SAMPLE_PROB).expect("a column");
        table.rows[1].cells[sample] = "0.125".into();
        let error = totals(&table, By::All, None).expect_err("refused").to_string();
        assert!(
            error.contains("merged.csv holds rows of several audits") && error.contains("0.125 and 0.5"),
            "{error}"
        );
        assert!(error.contains("estimate from the table of the first audit"), "{error}");
    }

    #[test]
    fn a_table_without_an_audit_and_a_cell_that_is_no_probability_say_the_way_out() {
        let error = totals(&read("r1,,RUS,UKR,condemn,0,0,0,1,C,\n"), By::All, None).expect_err("no audit");
        assert!(error.to_string().contains("review queue"), "{error}");
        let error = totals(&read("r1,,RUS,UKR,condemn,0,0,0,1,C,2\n"), By::All, None).expect_err("no probability");
        assert!(error.to_string().contains("merged.csv, line 2: `2` is not a probability above 0"), "{error}");
    }
}

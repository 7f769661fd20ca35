//! Which rows are worth a person's time: an audit drawn at random, and rows picked for a reason.
//!
//! The audit is drawn first, without replacement and with equal probability, from all rows that nobody has reviewed,
//! whether or not picking would take them too. So its rows alone stand for all of those rows: a share among them estimates
//! the share among all without bias, and `sample_prob` is the inclusion probability that design-based estimators divide by
//! (Horvitz and Thompson, *A generalization of sampling without replacement from a finite universe*, 1952). Picked rows
//! stand for nothing but themselves and have no probability.

use super::candidates::{Candidate, Dyads, candidates, reviewed_rows};
use super::table::{Table, TableError};
use crate::output::columns::ROW_ID;
use rand::{SeedableRng as _, seq::index};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

/// Why a row is in the queue; those of picked rows are in the order in which they take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Drawn at random.
    Audit,
    /// The label is below its threshold, though no passages disagree.
    Uncertain,
    /// Passages of the document disagree.
    Mixed,
    /// The label is the stance that the table holds least of.
    RareClass,
    /// No reviewed row and no other row of the table has the same actor and target.
    NewDyad,
    /// None of these: of the rows left, the two most probable labels are closest together.
    LeastCertain,
}

impl Reason {
    /// All, in the order of the terminal.
    pub const ALL: [Self; 6] =
        [Self::Audit, Self::Uncertain, Self::Mixed, Self::RareClass, Self::NewDyad, Self::LeastCertain];

    const PICKED: [Self; 4] = [Self::Uncertain, Self::Mixed, Self::RareClass, Self::NewDyad];

    /// As it stands in `queue_reason`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Uncertain => "uncertain",
            Self::Mixed => "mixed",
            Self::RareClass => "rare_class",
            Self::NewDyad => "new_dyad",
            Self::LeastCertain => "least_certain",
        }
    }
}

/// How many rows to draw at random.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Audit {
    /// So many.
    Rows(usize),
    /// This share of the queue, 0 to 1.
    Share(f64),
}

impl std::str::FromStr for Audit {
    type Err = String;

    /// A number of rows, or a share with a point (`0.25`) or a sign (`25%`).
    fn from_str(text: &str) -> Result<Self, String> {
        let share = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok().map(|p| p / 100.0),
            None => text.parse().ok().filter(|_| text.contains('.')),
        };
        let share = share.filter(|s| (0.0..=1.0).contains(s)).map(Self::Share);
        let rows = || text.parse().ok().map(Self::Rows);
        share.or_else(rows).ok_or_else(|| "give a number of rows such as 50, or a share such as 0.25 or 25%".to_owned())
    }
}

/// What to put into a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Rows in all.
    pub rows: usize,
    /// Of these, drawn at random.
    pub audit: Audit,
    /// Most picked rows of one actor.
    pub per_country: Option<usize>,
    /// Seed of the draw and of ties.
    pub seed: u64,
}

/// One row of a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Row of the table.
    pub row: usize,
    /// All that hold, `Audit` first.
    pub reasons: Vec<Reason>,
    /// Probability with which an audit row was drawn; `None` for a picked one.
    pub sample_prob: Option<f64>,
}

/// A queue, in the order of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// The rows.
    pub rows: Vec<Queued>,
    /// Rows that could be drawn: those of the table that nobody has reviewed, each `row_id` once.
    pub frame: usize,
    /// Rows that could not, because someone had: the audit does not stand for them.
    pub known: usize,
}

/// Fills a queue from a stance table. Rows with a `review_stance`, there or in one of the `reviewed` tables, are left out, and
/// of rows with the same `row_id` all but the first.
///
/// # Errors
/// If a table lacks a column, a review is no label, or a machine cell does not hold what it should.
pub fn fill(table: &Table, reviewed: &[Table], settings: &Settings) -> Result<Queue, TableError> {
    let (done, known) = reviewed_rows(table, reviewed)?;
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut candidates = candidates(table, &mut random)?;
    let (id, mut seen) = (table.need(ROW_ID)?, BTreeSet::new());
    candidates.retain(|c| seen.insert(table.rows[c.row].cell(Some(id))));
    let distinct = candidates.len();
    let reasons = reasons(&candidates, &known);
    let (candidates, reasons): (Vec<Candidate>, Vec<BTreeSet<Reason>>) =
        candidates.into_iter().zip(reasons).filter(|(c, _)| !done.contains(&c.row)).unzip();
    let wanted = match settings.audit {
        Audit::Rows(rows) => rows,
        Audit::Share(share) => (share * settings.rows as f64).round() as usize,
    };
    let size = wanted.min(settings.rows).min(candidates.len());
    let audit: BTreeSet<usize> = index::sample(&mut random, candidates.len(), size).into_iter().collect();

    let picked = pick(&candidates, &reasons, &audit, settings);
    let prob = rounded(size as f64 / candidates.len() as f64);
    let rows = candidates.iter().enumerate().filter_map(|(i, candidate)| {
        let mut all: BTreeSet<Reason> = reasons[i].clone();
        let drawn = audit.contains(&i);
        all.extend(drawn.then_some(Reason::Audit));
        if all.is_empty() {
            all.insert(Reason::LeastCertain);
        }
        let sample_prob = drawn.then_some(prob);
        (drawn || picked.contains(&i)).then(|| Queued {
            row: candidate.row,
            reasons: all.into_iter().collect(),
            sample_prob,
        })
    });
    let frame = candidates.len();
    Ok(Queue { rows: rows.collect(), frame, known: distinct - frame })
}

/// Six significant digits: what every spreadsheet shows, and so saves, without cutting.
pub(super) fn rounded(probability: f64) -> f64 {
    format!("{probability:.5e}").parse().unwrap_or(probability)
}

/// The reasons of every row of the table to be picked.
fn reasons(candidates: &[Candidate], known: &Dyads) -> Vec<BTreeSet<Reason>> {
    let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
    let mut dyads: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for candidate in candidates {
        *labels.entry(candidate.label).or_default() += 1;
        *dyads.entry(candidate.dyad).or_default() += 1;
    }
    labels.remove(crate::stance::Stance::None.name());
    let rare = labels.iter().min_by_key(|(_, count)| **count).map(|(label, _)| *label);
    let holds = |c: &Candidate, reason| match reason {
        Reason::Audit | Reason::LeastCertain => false,
        Reason::Uncertain => c.needs_review && !c.mixed,
        Reason::Mixed => c.mixed,
        Reason::RareClass => labels.len() > 1 && rare == Some(c.label),
        Reason::NewDyad => dyads[&c.dyad] == 1 && !known.contains(&c.dyad),
    };
    candidates.iter().map(|c| Reason::PICKED.into_iter().filter(|reason| holds(c, *reason)).collect()).collect()
}

/// Picks rows that were not drawn: the reasons take turns, each with its least certain row; `Uncertain` has all other rows at
/// the end of its list, so that a queue is only short where the table is.
fn pick(
    candidates: &[Candidate],
    reasons: &[BTreeSet<Reason>],
    audit: &BTreeSet<usize>,
    settings: &Settings,
) -> BTreeSet<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).filter(|i| !audit.contains(i)).collect();
    let key = |i: &usize| (candidates[*i].margin, candidates[*i].lot);
    order.sort_by(|a, b| key(a).0.total_cmp(&key(b).0).then(key(a).1.cmp(&key(b).1)));
    let list = |reason| {
        let rest = order.iter().filter(move |_| reason == Reason::Uncertain);
        order.iter().filter(move |i| reasons[**i].contains(&reason)).chain(rest).copied()
    };
    let mut lists = Reason::PICKED.map(list);
    let mut picked = BTreeSet::new();
    let mut of_actor: BTreeMap<&str, usize> = BTreeMap::new();
    let most = settings.per_country.unwrap_or(usize::MAX);
    let wanted = settings.rows - audit.len();
    loop {
        let before = picked.len();
        for list in &mut lists {
            if picked.len() == wanted {
                return picked;
            }
            let free =
                |i: &usize| !picked.contains(i) && of_actor.get(candidates[*i].actor).is_none_or(|count| *count < most);
            if let Some(i) = list.find(free) {
                picked.insert(i);
                *of_actor.entry(candidates[i].actor).or_default() += 1;
            }
        }
        if picked.len() == before {
            return picked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `rows` rows of four actors; the margin is least at a fifth of them.
    fn table(rows: usize) -> Table {
        let mut text =
            "row_id,actor,target,stance,p_none,p_recognize,p_engage,p_condemn,mixed,needs_review,review_stance\n"
                .to_owned();
        let row = |i: usize| {
            let actor = ["USA", "RUS", "CHN", "FRA"][i % 4];
            let label = if i % 10 == 9 { "recognize" } else { "engage" };
            let p = 0.4 + 0.5 * i as f64 / rows as f64;
            let (mixed, target) = (i % 7 == 6, if i == 50 { "PER" } else { "TWN" });
            format!("r{i},{actor},{target},{label},0,{:.4},{p:.4},0,{mixed},{},\n", 1.0 - p, i < 5 || mixed)
        };
        text.extend((0..rows).map(row));
        Table::read("stances.csv", text.as_bytes()).expect("a table")
    }

    fn settings(rows: usize, audit: Audit, seed: u64) -> Settings {
        Settings { rows, audit, per_country: None, seed }
    }

    #[test]
    fn every_row_is_drawn_with_the_probability_that_the_queue_states() {
        let table = table(40);
        let mut drawn = [0u32; 40];
        for seed in 0..2000 {
            let queue = fill(&table, &[], &settings(20, Audit::Share(0.5), seed)).expect("a queue");
            let audit: Vec<&Queued> = queue.rows.iter().filter(|q| q.sample_prob.is_some()).collect();
            assert_eq!((queue.rows.len(), queue.frame, audit.len()), (20, 40, 10));
            for q in audit {
                assert!(q.sample_prob == Some(0.25) && q.reasons[0] == Reason::Audit);
                drawn[q.row] += 1;
            }
        }
        // Binomial(2000, 1/4): mean 500, deviation 19.4; rows that would be picked anyway are drawn as often as others.
        assert!(drawn.iter().all(|n| (410..590).contains(n)), "{drawn:?}");
    }

    #[test]
    fn the_reasons_take_turns_and_the_least_certain_row_comes_first() {
        let queue = fill(&table(100), &[], &settings(5, Audit::Rows(0), 1)).expect("a queue");
        let found: Vec<(usize, Vec<Reason>)> = queue.rows.into_iter().map(|q| (q.row, q.reasons)).collect();
        assert!(found.iter().any(|(row, reasons)| *row == 50 && reasons.contains(&Reason::NewDyad)), "{found:?}");
        assert!(
            found.contains(&(9, vec![Reason::RareClass])) || found.contains(&(19, vec![Reason::RareClass])),
            "{found:?}"
        );
        assert_eq!(found.len(), 5);
        let count = |reason| found.iter().filter(|(_, reasons)| reasons.contains(&reason)).count();
        assert!([Reason::Uncertain, Reason::Mixed, Reason::RareClass].into_iter().all(|r| count(r) >= 1), "{found:?}");
    }

    #[test]
    fn reviewed_rows_are_left_out_and_no_actor_is_picked_too_often() {
        let done = Table::read("done.csv", b"row_id,review_stance\nr0,E\nr1,\nr2,NA\n").expect("a table");
        let wide = Settings { per_country: Some(3), ..settings(100, Audit::Rows(0), 1) };
        let queue = fill(&table(100), &[done], &wide).expect("a queue");
        assert_eq!((queue.frame, queue.known, queue.rows.len()), (99, 1, 12));
        assert!(queue.rows.iter().all(|q| q.row != 0 && q.sample_prob.is_none()));
    }

    #[test]
    fn a_sure_row_fills_the_queue_as_the_least_certain_of_the_rest() {
        let queue = fill(&table(100), &[], &settings(60, Audit::Rows(0), 1)).expect("a queue");
        let of = |reason| queue.rows.iter().filter(|q| q.reasons.contains(&reason)).map(|q| q.row).collect::<Vec<_>>();
        assert_eq!(of(Reason::Uncertain), [0, 1, 2, 3, 4]);
        let fillers = of(Reason::LeastCertain);
        assert!(fillers.contains(&21) && !fillers.contains(&99), "{fillers:?}");
        assert!(queue.rows.iter().all(|q| !q.reasons.contains(&Reason::LeastCertain) || q.reasons.len() == 1));
    }

    #[test]
    fn a_document_that_stands_twice_is_drawn_once() {
        let mut table = table(10);
        table.rows.extend(table.rows.clone());
        let queue = fill(&table, &[], &settings(20, Audit::Rows(4), 1)).expect("a queue");
        assert_eq!((queue.frame, queue.rows.len()), (10, 10));
        assert!(queue.rows.iter().all(|q| q.row < 10 && [None, Some(0.4)].contains(&q.sample_prob)));
    }

    #[test]
    fn a_dyad_that_was_reviewed_in_another_table_is_not_new() {
        let new = |reviewed: &[Table]| {
            let queue = fill(&table(100), reviewed, &settings(100, Audit::Rows(0), 1)).expect("a queue");
            queue.rows.iter().any(|q| q.reasons.contains(&Reason::NewDyad))
        };
        let other = Table::read("last.csv", b"row_id,actor,target,review_stance\nq1,CHN,PER,E\n").expect("a table");
        assert!(new(&[]) && !new(&[other]));
    }

    #[test]
    fn the_same_seed_gives_the_same_queue_and_a_small_table_gives_all_its_rows() {
        let at = |seed| fill(&table(60), &[], &settings(10, Audit::Rows(4), seed)).expect("a queue");
        assert_eq!(at(3), at(3));
        assert_ne!(at(3), at(4));
        let all = fill(&table(8), &[], &settings(50, Audit::Share(0.5), 1)).expect("a queue");
        assert!(all.rows.len() == 8 && all.rows.iter().all(|q| q.sample_prob == Some(1.0)));
    }

    #[test]
    fn an_audit_is_a_number_or_a_share() {
        let parsed = |text: &str| text.parse::<Audit>().ok();
        assert_eq!(parsed("50"), Some(Audit::Rows(50)));
        assert_eq!(parsed("1"), Some(Audit::Rows(1)));
        assert_eq!(
            (parsed("1.0"), parsed("25%"), parsed("0.25")),
            (Some(Audit::Share(1.0)), Some(Audit::Share(0.25)), Some(Audit::Share(0.25)))
        );
        assert!(["1.5", "-1", "120%", "half", ""].into_iter().all(|text| parsed(text).is_none()));
    }

    #[test]
    fn a_cell_that_is_not_what_it_should_be_is_refused_with_its_line() {
        let filled = |column: &str, cell: &str| {
            let mut table = table(3);
            let at = table.column(column).expect("a column");
            table.rows[1].cells[at] = cell.into();
            fill(&table, &[], &settings(2, Audit::Rows(1), 1)).map_err(|error| error.to_string())
        };
        for cell in ["high", "1.5", "-0.1", "NaN", "inf"] {
            let expected = format!("stances.csv, line 3: `{cell}` is not a probability, 0 to 1");
            assert_eq!(filled("p_engage", cell), Err(expected));
        }
        let expected = "stances.csv, line 3: `agree` is not none, recognize, engage or condemn".to_owned();
        assert_eq!(filled("review_stance", "agree"), Err(expected));
        assert_eq!(filled("mixed", "maybe"), Err("stances.csv, line 3: `maybe` is not true or false".to_owned()));
        let queue = filled("mixed", "WAHR").expect("a spreadsheet's word");
        assert!(queue.rows.iter().any(|q| q.row == 1 && q.reasons.contains(&Reason::Mixed)), "{queue:?}");
    }
}

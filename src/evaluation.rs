//! From judged pairs to everything that an evaluation reports: subsets with their figures, the curves, the worst errors
//! and where it all comes from. Formulas are `metrics`, the page is `report`, files are `output` and `commands`.

use crate::document::{Date, Dyad, PolityId};
use crate::held_out::document;
use crate::metrics::calibration::{BINS, Bin, reliability, risk_coverage};
use crate::metrics::comparison::Comparison;
use crate::metrics::interval::Bootstrap;
use crate::metrics::summary::Summary;
use crate::output::marked::Role;
use crate::stance::{Stance, StanceProbs};
use serde::Serialize;
use std::collections::BTreeMap;

/// One pair with gold and prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The text; intervals draw its document, which other passages may share.
    pub id: String,
    /// Its date, where the gold has one.
    pub date: Option<Date>,
    /// Its length in words, by white space.
    pub words: usize,
    /// Who toward whom.
    pub dyad: Dyad,
    /// The reference label.
    pub gold: Stance,
    /// Whether the annotator did not doubt it.
    pub sure: bool,
    /// Calibrated probabilities.
    pub probs: StanceProbs,
    /// The text that was judged, in pieces.
    pub text: Vec<(Role, String)>,
}

/// By what a subset was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// `all`, or `sure` for those whose annotator did not doubt, where any was doubted.
    Overall,
    /// One actor, by registry id, or `other` for those beyond [`ACTORS`].
    Actor,
    /// Length of the document in words.
    Length,
}

/// A named part of the pairs and its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Subset {
    /// By what.
    pub group: Group,
    /// Which.
    pub name: String,
    /// Figures with intervals.
    pub summary: Summary,
}

impl Subset {
    /// Name in files: `all`, `sure`, `actor:RUS`, `words:26-50`.
    pub fn label(&self) -> String {
        match self.group {
            Group::Overall => self.name.clone(),
            Group::Actor => format!("actor:{}", self.name),
            Group::Length => format!("words:{}", self.name),
        }
    }
}

/// Actors that have a row of their own: those with the most pairs.
pub const ACTORS: usize = 20;

/// Longest document of each length group, in words; the last group has no limit.
const LENGTHS: [usize; 4] = [25, 50, 100, 300];

/// What was evaluated, with what, and how to do it again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    /// Version of the program.
    pub version: &'static str,
    /// The command as it was typed.
    pub command: String,
    /// Name of the model.
    pub model: String,
    /// SHA-256 of its weights.
    pub checksum: String,
    /// Gold files, each with its SHA-256.
    pub data: Vec<DataFile>,
    /// Earliest date of a judged document.
    pub first_date: Option<Date>,
    /// Latest date of a judged document.
    pub last_date: Option<Date>,
    /// Resamples and seed of the intervals.
    pub bootstrap: Bootstrap,
}

/// A gold file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataFile {
    /// As it was named.
    pub path: String,
    /// Of its bytes; `None` for a pipe, which can be read only once.
    pub sha256: Option<String>,
}

/// Another run's predictions on the same pairs, against this one's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The file, as it was named.
    pub path: String,
    /// This model first, the other second.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// All that is reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Where it comes from.
    pub provenance: Provenance,
    /// All pairs and, if they differ, sure ones, then actors by falling number of pairs, then lengths.
    pub subsets: Vec<Subset>,
    /// Reliability diagram of all pairs.
    pub reliability: Vec<Bin>,
    /// Risk at each coverage, all pairs.
    pub risk_coverage: Vec<f64>,
    /// Against another run, if asked.
    pub against: Option<Against>,
}

impl Evaluation {
    /// Measures judged pairs; `against` names another run's file and its labels of the same pairs in the same order.
    pub fn of(provenance: Provenance, judged: &[Judged], against: Option<(String, Vec<Stance>)>) -> Self {
        let bootstrap = provenance.bootstrap;
        let items: Vec<_> = judged.iter().map(|j| (j.probs, j.gold)).collect();
        let against = against.map(|(path, others)| {
            let labels: Vec<_> = judged.iter().zip(others).map(|(j, other)| (j.gold, j.probs.best(), other)).collect();
            let documents: Vec<&str> = judged.iter().map(|j| document(&j.id)).collect();
            Against { path, comparison: Comparison::of(&labels, &documents, &bootstrap) }
        });
        Self {
            subsets: subsets(judged, &bootstrap),
            reliability: reliability(&items, BINS),
            risk_coverage: risk_coverage(&items),
            provenance,
            against,
        }
    }

    /// The subsets of one group.
    pub fn group(&self, group: Group) -> impl Iterator<Item = &Subset> {
        self.subsets.iter().filter(move |s| s.group == group)
    }
}

/// Earliest and latest date.
pub fn period(judged: &[Judged]) -> (Option<Date>, Option<Date>) {
    let dates = || judged.iter().filter_map(|j| j.date);
    (dates().min(), dates().max())
}

/// Wrong predictions, the most confident first.
pub fn worst_errors(judged: &[Judged], count: usize) -> Vec<&Judged> {
    let mut wrong: Vec<&Judged> = judged.iter().filter(|j| j.probs.best() != j.gold).collect();
    let confidence = |j: &Judged| j.probs.get(j.probs.best());
    wrong.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    wrong.truncate(count);
    wrong
}

fn subsets(judged: &[Judged], bootstrap: &Bootstrap) -> Vec<Subset> {
    let subset = |group, name: &str, member: &dyn Fn(&Judged) -> bool| {
        let members = || judged.iter().filter(|j| member(j));
        let items: Vec<_> = members().map(|j| (j.probs, j.gold)).collect();
        let documents: Vec<&str> = members().map(|j| document(&j.id)).collect();
        Subset { group, name: name.to_owned(), summary: Summary::of(&items, &documents, bootstrap) }
    };
    let mut all = vec![subset(Group::Overall, "all", &|_| true)];
    if judged.iter().any(|j| !j.sure) {
        all.push(subset(Group::Overall, "sure", &|j| j.sure));
    }
    let ranked = actors(judged);
    let (own, rest) = ranked.split_at(ranked.len().min(ACTORS));
    all.extend(own.iter().map(|id| subset(Group::Actor, &id.0, &|j| j.dyad.actor == **id)));
    if !rest.is_empty() {
        all.push(subset(Group::Actor, "other", &|j| rest.contains(&&j.dyad.actor)));
    }
    for (i, limit) in LENGTHS.into_iter().chain([usize::MAX]).enumerate() {
        let least = if i == 0 { 1 } else { LENGTHS[i - 1] + 1 };
        let name = if limit == usize::MAX { format!("{least}+") } else { format!("{least}-{limit}") };
        let within = |j: &Judged| least <= j.words && j.words <= limit;
        if judged.iter().any(within) {
            all.push(subset(Group::Length, &name, &within));
        }
    }
    all
}

/// By falling number of pairs, then by id.
fn actors(judged: &[Judged]) -> Vec<&PolityId> {
    let mut counts: BTreeMap<&PolityId, usize> = BTreeMap::new();
    for j in judged {
        *counts.entry(&j.dyad.actor).or_default() += 1;
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ranked.into_iter().map(|(id, _)| id).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::metrics::summary::Metric;

    /// A pair whose prediction has probability `p`.
    pub(crate) fn judged(id: &str, actor: &str, words: usize, gold: Stance, prediction: Stance, p: f64) -> Judged {
        let rest = (1.0 - p) / 3.0;
        Judged {
            id: id.to_owned(),
            date: "2023-05-06".parse().ok(),
            words,
            dyad: Dyad { actor: actor.into(), target: "PER".into() },
            gold,
            sure: words != 7,
            probs: StanceProbs::from_weights(Stance::ALL.map(|s| if s == prediction { p } else { rest })),
            text: vec![
                (Role::Actor, actor.to_owned()),
                (Role::Text, " <met> ".to_owned()),
                (Role::Target, "Peru".to_owned()),
            ],
        }
    }

    pub(crate) fn provenance() -> Provenance {
        Provenance {
            version: "0",
            command: "demarche evaluate gold.jsonl".to_owned(),
            model: "toy".to_owned(),
            checksum: "abc".to_owned(),
            data: vec![DataFile { path: "gold.jsonl".to_owned(), sha256: Some("def".to_owned()) }],
            first_date: None,
            last_date: None,
            bootstrap: Bootstrap { resamples: 100, seed: 1 },
        }
    }

    #[test]
    fn every_pair_is_in_one_actor_row_and_one_length_row() {
        let mut pairs = Vec::new();
        for i in 0..25 {
            let copies = if i < 3 { 2 } else { 1 };
            let pair = judged("d", &format!("A{i:02}"), 10 * i + 1, Stance::None, Stance::Engage, 0.6);
            pairs.extend(std::iter::repeat_n(pair, copies));
        }
        let evaluation = Evaluation::of(provenance(), &pairs, None);
        for group in [Group::Actor, Group::Length] {
            let counted: usize = evaluation.group(group).map(|s| s.summary.confusion.total()).sum();
            assert_eq!(counted, pairs.len());
        }
        let names: Vec<String> = evaluation.subsets.iter().map(Subset::label).collect();
        assert_eq!(names[..3], ["all", "actor:A00", "actor:A01"]);
        assert_eq!(names[21..], ["actor:other", "words:1-25", "words:26-50", "words:51-100", "words:101-300"]);
    }

    #[test]
    fn the_worst_errors_are_the_most_confident_ones() {
        let pairs = [
            judged("a", "USA", 9, Stance::None, Stance::Engage, 0.5),
            judged("b", "USA", 9, Stance::None, Stance::Engage, 0.9),
            judged("c", "USA", 9, Stance::Engage, Stance::Engage, 0.99),
            judged("d", "USA", 9, Stance::None, Stance::Condemn, 0.7),
        ];
        let ids: Vec<&str> = worst_errors(&pairs, 2).into_iter().map(|j| j.id.as_str()).collect();
        assert_eq!(ids, ["b", "d"]);
    }

    #[test]
    fn passages_of_one_document_are_drawn_together() {
        let pair = |id: &str, right| {
            let found = if right { Stance::Engage } else { Stance::None };
            judged(id, "USA", 9, Stance::Engage, found, 0.8)
        };
        let passages: Vec<Judged> =
            (0..40).map(|i| pair(&format!("d{}#{}", i / 4, i % 4 + 1), (i / 4) % 2 == 0)).collect();
        let whole: Vec<Judged> =
            passages.iter().map(|j| Judged { id: document(&j.id).to_owned(), ..j.clone() }).collect();
        let others = vec![Stance::Engage; 40];
        let measured = |pairs: &[Judged]| Evaluation::of(provenance(), pairs, Some(("p".to_owned(), others.clone())));
        let (apart, together) = (measured(&passages), measured(&whole));
        assert_eq!(apart.subsets[0].summary.documents, 10);
        let intervals = |found: &Evaluation| {
            let difference = found.against.as_ref().and_then(|a| a.comparison.interval);
            (found.subsets[0].summary.figure(Metric::Accuracy).interval, difference)
        };
        assert!(intervals(&apart).0.is_some() && intervals(&apart).1.is_some());
        assert_eq!(intervals(&apart), intervals(&together), "those of whole documents");
    }

    #[test]
    fn doubted_pairs_count_in_all_only() {
        let pairs = [
            judged("a", "USA", 7, Stance::None, Stance::Engage, 0.5),
            judged("b", "USA", 8, Stance::Engage, Stance::Engage, 0.9),
        ];
        let evaluation = Evaluation::of(provenance(), &pairs, None);
        let accuracy = |i: usize| evaluation.subsets[i].summary.figure(Metric::Accuracy).value;
        assert!((accuracy(0) - 0.5).abs() < 1e-12 && (accuracy(1) - 1.0).abs() < 1e-12);
    }
}

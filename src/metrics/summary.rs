//! Every figure of one set of predictions, with its interval: what tables, JSON, CSV and the page all show.

use super::calibration::{accuracy_at, aurc, brier, ece};
use super::classification::Confusion;
use super::interval::{Bootstrap, Interval};
use crate::calibrate::{Scale, nll};
use crate::stance::{Stance, StanceProbs};

/// A figure of merit. `docs/evaluation.md` has formulas, sources and how to read each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Unweighted mean F1 of recognize, engage and condemn.
    MacroF1Stances,
    /// The same with none.
    MacroF1,
    /// Share of right labels.
    Accuracy,
    /// Accuracy on the most confident 80 %.
    AccuracyAt80,
    /// Negative log-likelihood, nats.
    Nll,
    /// Brier score, 0 to 2.
    Brier,
    /// Expected calibration error, 0 to 1.
    Ece,
    /// Area under the risk-coverage curve, 0 to 1.
    Aurc,
    /// Precision of a class.
    Precision(Stance),
    /// Recall of a class.
    Recall(Stance),
    /// F1 of a class.
    F1(Stance),
}

const COUNT: usize = 20;

impl Metric {
    /// All, in the order of tables and files.
    pub const ALL: [Self; COUNT] = {
        use Stance::{Condemn, Engage, None, Recognize};
        [
            Self::MacroF1Stances,
            Self::MacroF1,
            Self::Accuracy,
            Self::AccuracyAt80,
            Self::Nll,
            Self::Brier,
            Self::Ece,
            Self::Aurc,
            Self::Precision(None),
            Self::Recall(None),
            Self::F1(None),
            Self::Precision(Recognize),
            Self::Recall(Recognize),
            Self::F1(Recognize),
            Self::Precision(Engage),
            Self::Recall(Engage),
            Self::F1(Engage),
            Self::Precision(Condemn),
            Self::Recall(Condemn),
            Self::F1(Condemn),
        ]
    };

    /// Those of all classes together.
    pub fn overall() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|m| m.class().is_none())
    }

    /// Name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MacroF1Stances => "macro_f1_stances",
            Self::MacroF1 => "macro_f1",
            Self::Accuracy => "accuracy",
            Self::AccuracyAt80 => "accuracy_at_80",
            Self::Nll => "nll",
            Self::Brier => "brier",
            Self::Ece => "ece",
            Self::Aurc => "aurc",
            Self::Precision(_) => "precision",
            Self::Recall(_) => "recall",
            Self::F1(_) => "f1",
        }
    }

    /// Name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::MacroF1Stances => "macro-F1, three stances",
            Self::MacroF1 => "macro-F1, four classes",
            Self::Accuracy => "accuracy",
            Self::AccuracyAt80 => "accuracy at 80 % coverage",
            Self::Nll => "negative log-likelihood",
            Self::Brier => "Brier score",
            Self::Ece => "calibration error (ECE)",
            Self::Aurc => "area under risk-coverage",
            Self::Precision(_) => "precision",
            Self::Recall(_) => "recall",
            Self::F1(_) => "F1",
        }
    }

    /// The class that it is about.
    pub const fn class(self) -> Option<Stance> {
        match self {
            Self::Precision(class) | Self::Recall(class) | Self::F1(class) => Some(class),
            _ => None,
        }
    }
}

/// A figure and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Which.
    pub metric: Metric,
    /// Its value; not finite where undefined on these predictions.
    pub value: f64,
    /// The interval over documents, where there is one.
    pub interval: Option<Interval>,
}

/// The figures of one set of predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Documents that the predictions are of.
    pub documents: usize,
    /// Gold against prediction.
    pub confusion: Confusion,
    /// In the order of [`Metric::ALL`].
    pub figures: [Figure; COUNT],
}

impl Summary {
    /// Measures `items`; `documents` names the document of each.
    pub fn of<D: Ord>(items: &[(StanceProbs, Stance)], documents: &[D], bootstrap: &Bootstrap) -> Self {
        let intervals = bootstrap.intervals(documents, |drawn| {
            let drawn: Vec<_> = drawn.iter().map(|i| items[*i]).collect();
            values(&drawn)
        });
        let values = values(items);
        let figures = std::array::from_fn(|i| Figure {
            metric: Metric::ALL[i],
            value: values[i],
            // What cannot be said of the predictions themselves cannot be bounded either.
            interval: intervals[i].filter(|_| values[i].is_finite()),
        });
        let mut names: Vec<&D> = documents.iter().collect();
        names.sort();
        names.dedup();
        Self { documents: names.len(), confusion: confusion(items), figures }
    }

    /// One figure.
    pub fn figure(&self, metric: Metric) -> &Figure {
        self.figures.iter().find(|f| f.metric == metric).expect("a summary holds every metric")
    }
}

fn confusion(items: &[(StanceProbs, Stance)]) -> Confusion {
    Confusion::of(items.iter().map(|(probs, gold)| (*gold, probs.best())))
}

/// All figures in the order of [`Metric::ALL`]; NaN where a denominator is 0, which [`Confusion`] counts as 0: a resample
/// without `recognize` says nothing about `recognize`.
fn values(items: &[(StanceProbs, Stance)]) -> [f64; COUNT] {
    let confusion = confusion(items);
    let over = |value: f64, denominator: usize| if denominator == 0 { f64::NAN } else { value };
    let seen = |class: Stance| {
        let score = confusion.class(class);
        score.support + score.predicted
    };
    let macro_f1 = |classes: &[Stance]| {
        let rarest = classes.iter().map(|c| seen(*c)).min().unwrap_or(0);
        over(confusion.macro_f1(classes), rarest)
    };
    Metric::ALL.map(|metric| match metric {
        Metric::MacroF1Stances => macro_f1(&Stance::POSITIONS),
        Metric::MacroF1 => macro_f1(&Stance::ALL),
        Metric::Accuracy => over(confusion.accuracy(), items.len()),
        Metric::AccuracyAt80 => over(accuracy_at(items, 0.8), items.len()),
        Metric::Nll => over(likelihood(items), items.len()),
        Metric::Brier => over(brier(items), items.len()),
        Metric::Ece => over(ece(items), items.len()),
        Metric::Aurc => over(aurc(items), items.len()),
        Metric::Precision(class) => over(confusion.class(class).precision, confusion.class(class).predicted),
        Metric::Recall(class) => over(confusion.class(class).recall, confusion.class(class).support),
        Metric::F1(class) => over(confusion.class(class).f1, seen(class)),
    })
}

/// The loss of probabilities is that of their logarithms as logits.
fn likelihood(items: &[(StanceProbs, Stance)]) -> f64 {
    let logits: Vec<_> = items.iter().map(|(p, gold)| (p.as_array().map(|p| p.ln() as f32), *gold)).collect();
    nll(&logits, Scale::PLAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { resamples: 1000, seed: 1 };

    fn sure(prediction: Stance, gold: Stance) -> (StanceProbs, Stance) {
        (StanceProbs::from_weights(Stance::ALL.map(|s| if s == prediction { 0.7 } else { 0.1 })), gold)
    }

    #[test]
    fn each_metric_has_one_place_and_one_name_within_its_class() {
        for (i, metric) in Metric::ALL.into_iter().enumerate() {
            let same = |other: &Metric| (other.name(), other.class()) == (metric.name(), metric.class());
            assert_eq!(Metric::ALL.iter().position(same), Some(i));
        }
    }

    #[test]
    fn a_class_that_never_occurs_is_undefined_and_not_zero() {
        let items = [sure(Stance::Engage, Stance::Engage), sure(Stance::Condemn, Stance::Condemn)];
        let summary = Summary::of(&items, &["a", "b"], &BOOTSTRAP);
        assert!(summary.figure(Metric::F1(Stance::Recognize)).value.is_nan());
        assert!(summary.figure(Metric::MacroF1Stances).value.is_nan());
        assert_eq!(summary.figure(Metric::MacroF1Stances).interval, None);
        assert!((summary.figure(Metric::Accuracy).value - 1.0).abs() < 1e-12);
        assert!((summary.figure(Metric::Nll).value + 0.7f64.ln()).abs() < 1e-6);
        assert_eq!(summary.documents, 2);
    }

    #[test]
    fn nothing_judged_has_no_figure() {
        let summary = Summary::of(&[], &[] as &[&str], &BOOTSTRAP);
        assert!(summary.figures.iter().all(|f| f.value.is_nan() && f.interval.is_none()));
    }

    #[test]
    fn intervals_hold_their_figure() {
        let items: Vec<_> = (0..80)
            .map(|i| sure(Stance::ALL[i % 4], if i % 5 == 0 { Stance::None } else { Stance::ALL[i % 4] }))
            .collect();
        let documents: Vec<usize> = (0..80).map(|i| i / 2).collect();
        let summary = Summary::of(&items, &documents, &BOOTSTRAP);
        for metric in [Metric::MacroF1Stances, Metric::Accuracy, Metric::F1(Stance::Condemn)] {
            let figure = summary.figure(metric);
            let interval = figure.interval.expect("an interval");
            assert!(interval.low < figure.value && figure.value < interval.high, "{figure:?}");
        }
    }
}

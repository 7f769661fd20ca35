//! Confusion matrix, precision, recall, F1, macro-F1 and accuracy over the four stances.

use crate::stance::Stance;
use serde::Serialize;

/// Counts of `(gold, prediction)`; rows gold, columns prediction, both in the order of [`Stance::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Confusion(pub [[usize; 4]; 4]);

/// Precision, recall and F1 of one class; 0 where the denominator is 0, as scikit-learn's `zero_division=0`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassScore {
    /// True positives over predictions of the class.
    pub precision: f64,
    /// True positives over gold items of the class.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Gold items of the class.
    pub support: usize,
    /// Predictions of the class.
    pub predicted: usize,
}

impl Confusion {
    /// Counts pairs of gold and prediction.
    pub fn of(pairs: impl IntoIterator<Item = (Stance, Stance)>) -> Self {
        let mut counts = Self::default();
        for (gold, prediction) in pairs {
            counts.0[gold.index()][prediction.index()] += 1;
        }
        counts
    }

    /// Items counted.
    pub fn total(&self) -> usize {
        self.0.iter().flatten().sum()
    }

    /// Share of items on the diagonal; 0 of none.
    pub fn accuracy(&self) -> f64 {
        let hits: usize = (0..4).map(|i| self.0[i][i]).sum();
        ratio(hits, self.total())
    }

    /// Scores of one class.
    pub fn class(&self, stance: Stance) -> ClassScore {
        let i = stance.index();
        let support = self.0[i].iter().sum();
        let predicted = self.0.iter().map(|row| row[i]).sum();
        let hits = self.0[i][i];
        // F1 = 2 TP / (2 TP + FP + FN), which is defined also where precision or recall is not.
        ClassScore {
            precision: ratio(hits, predicted),
            recall: ratio(hits, support),
            f1: ratio(2 * hits, support + predicted),
            support,
            predicted,
        }
    }

    /// Unweighted mean F1 of the classes.
    pub fn macro_f1(&self, classes: &[Stance]) -> f64 {
        classes.iter().map(|s| self.class(*s).f1).sum::<f64>() / classes.len() as f64
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

//! What review thresholds do on labelled pairs: how many claims of a label pass, and how often those are right.

use crate::calibrate::Thresholds;
use crate::stance::{Stance, StanceProbs};
use serde::Serialize;

/// The claims of one label, parted by its threshold. Rates are undefined (`None`) over no claims.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parted {
    /// The label.
    pub stance: Stance,
    /// Probability below which it needs review.
    pub threshold: f64,
    /// Pairs that got the label.
    pub claims: usize,
    /// Of these, at or above the threshold.
    pub kept: usize,
    /// Share of the kept claims that are right.
    pub precision_kept: Option<f64>,
    /// Share of the others that are right.
    pub precision_review: Option<f64>,
}

/// Parts the claims of each label, in label order.
pub fn part(items: &[(StanceProbs, Stance)], thresholds: Thresholds) -> [Parted; 4] {
    Stance::ALL.map(|stance| {
        let claims = || items.iter().filter(move |(probs, _)| probs.best() == stance);
        let needs_review = |probs: &StanceProbs| thresholds.needs_review(stance, *probs, false);
        let count = |review: bool| claims().filter(|(probs, _)| needs_review(probs) == review).count();
        let rate = |review: bool| {
            let right = claims().filter(|(p, gold)| needs_review(p) == review && *gold == stance).count();
            (count(review) > 0).then(|| right as f64 / count(review) as f64)
        };
        Parted {
            stance,
            threshold: thresholds.0[stance.index()],
            claims: claims().count(),
            kept: count(false),
            precision_kept: rate(false),
            precision_review: rate(true),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_parted_at_the_threshold_and_rates_of_nothing_are_undefined() {
        let claim = |p: f64, gold| (StanceProbs::from_weights([1.0 - p, 0.0, 0.0, p]), gold);
        let items = [
            claim(0.9, Stance::Condemn),
            claim(0.8, Stance::None),
            claim(0.6, Stance::None),
            claim(0.7, Stance::Condemn),
        ];
        let parted = part(&items, Thresholds([0.0, 0.0, 0.0, 0.75]));
        let condemn = parted[Stance::Condemn.index()];
        assert_eq!((condemn.claims, condemn.kept), (4, 2));
        assert_eq!((condemn.precision_kept, condemn.precision_review), (Some(0.5), Some(0.5)));
        assert_eq!(parted[Stance::Engage.index()].precision_kept, None);
    }
}

//! Whether probabilities can be believed, and whether they rank right before wrong: Brier score, reliability and
//! expected calibration error, risk against coverage. The likelihood is [`crate::calibrate::nll`].
//!
//! An item is its probabilities and its gold label; the prediction is the most probable label, its *confidence* that
//! label's probability. Every figure is the same for every order of the items, also where confidences tie.

use crate::stance::{Stance, StanceProbs};

/// Bins of the reliability diagram and of [`ece`].
pub const BINS: usize = 15;

/// Mean over items of `Σ_c (p_c − [c is gold])²`, from 0 to 2 (Brier, *Verification of Forecasts Expressed in Terms of
/// Probability*, 1950); 0 of none.
pub fn brier(items: &[(StanceProbs, Stance)]) -> f64 {
    let distance = |(probs, gold): &(StanceProbs, Stance)| {
        Stance::ALL.iter().map(|s| (probs.get(*s) - f64::from(u8::from(s == gold))).powi(2)).sum::<f64>()
    };
    mean(items.iter().map(distance), items.len())
}

/// Predictions of similar confidence.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Bin {
    /// Predictions in the bin, at least 1.
    pub count: usize,
    /// Their mean confidence, 0.25 to 1.
    pub confidence: f64,
    /// Share of them that is right.
    pub accuracy: f64,
}

/// The reliability diagram of the predicted label over at most `bins` bins of equal mass, by rising confidence (Nixon
/// et al., *Measuring Calibration in Deep Learning*, 2019: with bins of equal width nearly all predictions of a good
/// model share one).
///
/// The item of rank `r` among `n` (from 0) is in bin `⌊r · bins / n⌋`. Items of equal confidence share the least rank
/// among them, and so the bin: a bin can be larger than its share, and empty ones are left out.
pub fn reliability(items: &[(StanceProbs, Stance)], bins: usize) -> Vec<Bin> {
    let mut claims = claims(items);
    claims.reverse();
    let mut sums: Vec<(usize, f64, f64)> = vec![(0, 0.0, 0.0); bins];
    let mut rank = 0;
    for ties in claims.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let sum = &mut sums[rank * bins / claims.len()];
        for (confidence, right) in ties {
            *sum = (sum.0 + 1, sum.1 + confidence, sum.2 + f64::from(u8::from(*right)));
        }
        rank += ties.len();
    }
    let bin = |(count, confidence, right): (usize, f64, f64)| Bin {
        count,
        confidence: confidence / count as f64,
        accuracy: right / count as f64,
    };
    sums.into_iter().filter(|(count, ..)| *count > 0).map(bin).collect()
}

/// Expected calibration error of the predicted label: the mean distance of a bin's accuracy from its confidence,
/// weighted by count, over [`BINS`] bins of equal mass. From 0 to 1; 0 of none.
pub fn ece(items: &[(StanceProbs, Stance)]) -> f64 {
    let gaps = reliability(items, BINS).into_iter().map(|b| b.count as f64 * (b.accuracy - b.confidence).abs());
    mean(gaps, items.len())
}

/// Risk against coverage of a classifier that answers only where it is surest (Geifman and El-Yaniv, *Selective
/// Classification for Deep Neural Networks*, 2017): entry `k − 1` is the share of errors among the `k` most confident
/// of `n` predictions, that is at coverage `k / n`.
///
/// Where a tie straddles `k`, its errors count in proportion: the expectation over all orders of the tie.
pub fn risk_coverage(items: &[(StanceProbs, Stance)]) -> Vec<f64> {
    let claims = claims(items);
    let mut risks = Vec::with_capacity(claims.len());
    let mut errors = 0.0;
    for ties in claims.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let wrong = ties.iter().filter(|(_, right)| !right).count() as f64;
        for i in 1..=ties.len() {
            let so_far = errors + wrong * i as f64 / ties.len() as f64;
            risks.push(so_far / (risks.len() + 1) as f64);
        }
        errors += wrong;
    }
    risks
}

/// Area under the curve of [`risk_coverage`], the mean of its entries (Geifman, Uziel and El-Yaniv, *Bias-Reduced
/// Uncertainty Estimation for Deep Neural Classifiers*, 2019). Less is better; 0 of none.
pub fn aurc(items: &[(StanceProbs, Stance)]) -> f64 {
    mean(risk_coverage(items).into_iter(), items.len())
}

/// Accuracy on the most confident part of the predictions: the least number that covers `coverage`, a share in
/// `0..=1`, and at least one. 0 of none.
pub fn accuracy_at(items: &[(StanceProbs, Stance)], coverage: f64) -> f64 {
    // 0.8 · 35 may come out a hair above 28.
    let kept = (coverage * items.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    risk_coverage(items).get(kept - 1).map_or(0.0, |risk| 1.0 - risk)
}

/// Confidence and whether the prediction is right, the most confident first.
fn claims(items: &[(StanceProbs, Stance)]) -> Vec<(f64, bool)> {
    let claim = |(probs, gold): &(StanceProbs, Stance)| (probs.get(probs.best()), probs.best() == *gold);
    let mut claims: Vec<(f64, bool)> = items.iter().map(claim).collect();
    claims.sort_by(|a, b| b.0.total_cmp(&a.0));
    claims
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    if count == 0 { 0.0 } else { values.sum::<f64>() / count as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prediction of `condemn` with probability `p`, right or not.
    fn claim(p: f64, right: bool) -> (StanceProbs, Stance) {
        let rest = (1.0 - p) / 3.0;
        (StanceProbs::from_weights([rest, rest, rest, p]), if right { Stance::Condemn } else { Stance::None })
    }

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} not {expected}");
    }

    #[test]
    fn nothing_judged_gives_zeros_and_empty_curves() {
        assert!(reliability(&[], BINS).is_empty() && risk_coverage(&[]).is_empty());
        for figure in [brier(&[]), ece(&[]), aurc(&[]), accuracy_at(&[], 0.8)] {
            close(figure, 0.0);
        }
    }

    #[test]
    fn the_brier_score_runs_from_0_to_2() {
        close(brier(&[claim(1.0, true)]), 0.0);
        close(brier(&[claim(1.0, false)]), 2.0);
        close(brier(&[claim(0.25, true)]), 0.75);
    }

    #[test]
    fn bins_hold_equally_many_and_ties_stay_together() {
        let items: Vec<_> = (0..30).map(|i| claim(0.4 + 0.02 * f64::from(i), i % 2 == 0)).collect();
        let bins = reliability(&items, BINS);
        assert!(bins.len() == BINS && bins.iter().all(|b| b.count == 2 && (b.accuracy - 0.5).abs() < 1e-12));
        assert!(bins.windows(2).all(|w| w[0].confidence < w[1].confidence));
        let tied = [claim(0.5, true), claim(0.5, false), claim(0.5, true), claim(0.9, true)];
        let counts: Vec<usize> = reliability(&tied, 4).iter().map(|b| b.count).collect();
        assert_eq!(counts, [3, 1]);
    }

    #[test]
    fn certainty_that_is_wrong_half_of_the_time_is_off_by_a_half() {
        let items: Vec<_> = (0..40).map(|i| claim(1.0, i % 2 == 0)).collect();
        close(ece(&items), 0.5);
    }

    #[test]
    fn risk_falls_where_confidence_ranks_the_errors_last() {
        let items = [claim(0.9, true), claim(0.5, false), claim(0.8, true), claim(0.7, true), claim(0.6, true)];
        let risks = risk_coverage(&items);
        assert_eq!(risks[..4], [0.0; 4]);
        close(risks[4], 0.2);
        close(aurc(&items), 0.04);
        close(accuracy_at(&items, 0.8), 1.0);
        close(accuracy_at(&items, 0.81), 0.8);
    }

    #[test]
    fn no_figure_depends_on_the_order_of_ties() {
        let mut items =
            vec![claim(0.6, true), claim(0.6, false), claim(0.6, false), claim(0.9, true), claim(0.4, true)];
        let all = |items: &[_]| (risk_coverage(items), reliability(items, 3), aurc(items), accuracy_at(items, 0.5));
        let before = all(&items);
        items.reverse();
        assert_eq!(all(&items), before);
        close(risk_coverage(&items)[1], 1.0 / 3.0);
    }
}

//! How logits become probabilities, and review thresholds: both fitted on held-out logits; what a threshold decides.
//!
//! Two numbers, neither of which changes the label of a look at a pair, only how sure it claims to be. Guo, Pleiss, Sun, Weinberger, *On
//! Calibration of Modern Neural Networks*, 2017: a temperature divides all logits. Szegedy et al., *Rethinking the Inception
//! Architecture*, 2016: a model trained to give each class a share of the truth never says more than that leaves; what it was
//! taught so is taken back. Each look (`look`) has its own scale; that of the first decides which dyads get a second.

use crate::stance::{Stance, StanceProbs};
use std::collections::BTreeMap;

/// How logits become probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Divides the logarithms of what taking back leaves: over 1 is less sure, under 1 surer.
    pub temperature: f64,
    /// Share of every label that training spread over all classes; it is taken back first. In `0..1`.
    pub smoothing: f64,
}

/// Share of a probability that taking back leaves at least: no label becomes impossible, and none as likely as another that
/// was likelier.
const KEPT: f64 = 0.05;

impl Scale {
    /// The softmax itself.
    pub const PLAIN: Self = Self { temperature: 1.0, smoothing: 0.0 };

    /// `max((p - s/4) / (1 - s), 0.05 p)` for `p = softmax(logits)`, to the power of `1/T`, scaled to sum to 1; without smoothing
    /// `softmax(logits / T)`.
    pub fn probs(&self, logits: [f32; 4]) -> StanceProbs {
        if self.smoothing == 0.0 {
            return StanceProbs::from_logits(logits, self.temperature);
        }
        let smoothed = StanceProbs::from_logits(logits, 1.0).as_array();
        let left = smoothed.map(|p| ((p - self.smoothing / 4.0) / (1.0 - self.smoothing)).max(KEPT * p));
        let most = left.into_iter().fold(0.0, f64::max);
        StanceProbs::from_weights(left.map(|p| (p / most).powf(1.0 / self.temperature)))
    }

    /// `None` if it gives probabilities; else what is wrong.
    pub fn defect(&self) -> Option<String> {
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return Some(format!("temperature is {}, expected a positive number", self.temperature));
        }
        if !(0.0..1.0).contains(&self.smoothing) {
            return Some(format!("smoothing is {}, expected a number from 0 to less than 1", self.smoothing));
        }
        None
    }
}

/// Precisions that `train` fits thresholds for.
pub const PRECISIONS: [f64; 6] = [0.7, 0.8, 0.85, 0.9, 0.95, 0.98];

/// Probabilities below which a label needs review, in the order of [`Stance::ALL`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds(pub [f64; 4]);

impl Thresholds {
    /// By label name, as they stand in `stance.json`.
    pub fn by_label(&self) -> BTreeMap<String, f64> {
        Stance::ALL.into_iter().map(|s| (s.name().to_owned(), self.0[s.index()])).collect()
    }

    /// Whether a row asks for a person: its passages disagree, or its label is not sure enough.
    pub fn needs_review(&self, stance: Stance, probs: StanceProbs, mixed: bool) -> bool {
        mixed || probs.get(stance) < self.0[stance.index()]
    }
}

/// Mean negative log-likelihood in nats of the gold labels; 0 of none.
pub fn nll(items: &[([f32; 4], Stance)], scale: Scale) -> f64 {
    let loss = |(logits, gold): &([f32; 4], Stance)| {
        if scale.smoothing > 0.0 {
            return -scale.probs(*logits).get(*gold).max(f64::MIN_POSITIVE).ln();
        }
        // In logarithms, which have no least number.
        let scaled = logits.map(|x| f64::from(x) / scale.temperature);
        let top = scaled.into_iter().fold(f64::NEG_INFINITY, f64::max);
        top + scaled.iter().map(|x| (x - top).exp()).sum::<f64>().ln() - scaled[gold.index()]
    };
    if items.is_empty() { 0.0 } else { items.iter().map(loss).sum::<f64>() / items.len() as f64 }
}

/// The smoothing among 0, 0.002 … 0.1, with its best temperature, that has the least negative log-likelihood; the least of
/// equals. [`Scale::PLAIN`] without items.
pub fn fit_scale(items: &[([f32; 4], Stance)]) -> Scale {
    if items.is_empty() {
        return Scale::PLAIN;
    }
    let at = |step: u32| {
        let smoothing = f64::from(step) / 500.0;
        let scale = Scale { temperature: fit_temperature(items, smoothing), smoothing };
        (scale, nll(items, scale))
    };
    let (best, _) = (1..=50).map(at).fold(at(0), |best, other| if other.1 < best.1 { other } else { best });
    best
}

/// The temperature in `0.05..=20` that after taking back `smoothing` has the least negative log-likelihood, to 1e-4 (golden-section search on its
/// logarithm: the likelihood is unimodal in the inverse temperature). 1 without items.
pub fn fit_temperature(items: &[([f32; 4], Stance)], smoothing: f64) -> f64 {
    if items.is_empty() {
        return 1.0;
    }
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let at = |log: f64| nll(items, Scale { temperature: log.exp(), smoothing });
    let (mut low, mut high) = (0.05f64.ln(), 20f64.ln());
    while high - low > 1e-4 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if at(a) < at(b) {
            high = b;
        } else {
            low = a;
        }
    }
    f64::midpoint(low, high).exp()
}

/// The least probability above which predictions of `stance` are right at least at rate `precision`; 1 if no
/// threshold reaches it, 0 if all predictions already do.
pub fn fit_threshold(items: &[(StanceProbs, Stance)], stance: Stance, precision: f64) -> f64 {
    let mut claims: Vec<(f64, bool)> = items
        .iter()
        .filter(|(probs, _)| probs.best() == stance)
        .map(|(probs, gold)| (probs.get(stance), *gold == stance))
        .collect();
    claims.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut hits, mut threshold) = (0, 1.0);
    for (i, (p, hit)) in claims.iter().enumerate() {
        hits += usize::from(*hit);
        // Claims as sure as this one stand or fall with it.
        let last = claims.get(i + 1).is_none_or(|(next, _)| next < p);
        if last && hits as f64 >= precision * (i + 1) as f64 {
            threshold = if i + 1 == claims.len() { 0.0 } else { *p };
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_undoes_a_known_overconfidence() {
        // Logits that are three times too large for the frequencies 3:1 they stand for.
        let right = 3f32.ln() * 3.0;
        let far = -40.0;
        let item = |gold| ([right, 0.0, far, far], gold);
        let items = [item(Stance::None), item(Stance::None), item(Stance::None), item(Stance::Recognize)];
        assert!((fit_temperature(&items, 0.0) - 3.0).abs() < 1e-3);
    }

    #[test]
    fn the_scale_undoes_what_smoothing_and_a_temperature_did() {
        // The truth, and what a model says that was taught 4 % of every label as any of the four and is too sure besides.
        let truth: [[f64; 4]; 4] =
            [[0.97, 0.01, 0.01, 0.01], [0.6, 0.2, 0.1, 0.1], [0.05, 0.05, 0.1, 0.8], [0.3, 0.05, 0.6, 0.05]];
        let said = |p: f64| ((0.96 * p + 0.01).ln()) as f32;
        let sharp = |row: [f64; 4]| {
            let powers = row.map(|p| p.powf(1.5));
            powers.map(|p| p / powers.iter().sum::<f64>())
        };
        let logits = truth.map(|row| sharp(row).map(said));
        let mut items = Vec::new();
        for (row, logits) in truth.iter().zip(logits) {
            for (p, stance) in row.iter().zip(Stance::ALL) {
                items.extend(std::iter::repeat_n((logits, stance), (p * 100.0).round() as usize));
            }
        }
        let scale = fit_scale(&items);
        assert!((scale.smoothing - 0.04).abs() < 1e-9 && (scale.temperature - 1.5).abs() < 1e-2, "{scale:?}");
        for (row, logits) in truth.iter().zip(logits) {
            let found = scale.probs(logits).as_array();
            assert!(row.iter().zip(found).all(|(p, q)| (p - q).abs() < 2e-3), "{found:?} is not {row:?}");
        }
        assert!(nll(&items, scale) < nll(&items, Scale { temperature: fit_temperature(&items, 0.0), smoothing: 0.0 }));
    }

    #[test]
    fn taking_smoothing_back_keeps_the_order_and_calls_nothing_impossible() {
        let scale = Scale { temperature: 0.8, smoothing: 0.03 };
        for logits in [[9.0, 1.0, 0.5, 0.0], [0.1, 0.2, 0.3, 0.25], [-3.0, 40.0, -2.0, 1.0]] {
            let (plain, found) = (Scale::PLAIN.probs(logits), scale.probs(logits));
            assert_eq!(found.best(), plain.best());
            assert!((found.as_array().iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(Stance::ALL.iter().all(|s| found.get(*s) > 0.0));
            for (a, b) in Stance::ALL.into_iter().flat_map(|a| Stance::ALL.map(|b| (a, b))) {
                assert!(plain.get(a) > plain.get(b) || found.get(a) <= found.get(b), "{a} and {b} of {logits:?}");
            }
        }
        // A label that is surer stays surer, also where the others are far below what was spread.
        let sure = [5.0, 6.0, 7.0, 9.0].map(|x| scale.probs([x, 0.0, 0.0, 0.0]).get(Stance::None));
        assert!(sure.windows(2).all(|s| s[0] < s[1] - 1e-6), "{sure:?}");
        let cold = Scale { temperature: 0.0005, smoothing: 0.03 };
        assert_eq!(cold.probs([0.0, 0.2, 0.5, 1.5]).best(), Stance::Condemn);
    }

    #[test]
    fn a_scale_that_gives_no_probabilities_has_a_defect() {
        for (temperature, smoothing) in [(0.0, 0.0), (f64::NAN, 0.0), (1.0, 1.0), (1.0, -0.1), (1.0, f64::NAN)] {
            assert!(Scale { temperature, smoothing }.defect().is_some(), "{temperature}, {smoothing}");
        }
        assert_eq!(Scale { temperature: 0.7, smoothing: 0.05 }.defect(), None);
    }

    #[test]
    fn the_likelihood_is_finite_at_extreme_logits() {
        let items = [([100.0, -100.0, 0.0, 0.0], Stance::Recognize)];
        assert!((nll(&items, Scale::PLAIN) - 200.0).abs() < 1e-6);
    }

    #[test]
    fn a_threshold_keeps_the_precision_that_it_was_asked_for() {
        let claim = |p: f64, hit: bool| {
            let rest = (1.0 - p) / 3.0;
            (StanceProbs::from_weights([rest, rest, rest, p]), if hit { Stance::Condemn } else { Stance::None })
        };
        let items = [claim(0.9, true), claim(0.8, true), claim(0.7, false), claim(0.6, false)];
        assert!((fit_threshold(&items, Stance::Condemn, 0.9) - 0.8).abs() < 1e-12);
        assert!((fit_threshold(&items, Stance::Condemn, 0.5)).abs() < 1e-12);
        assert!((fit_threshold(&items, Stance::Engage, 0.9) - 1.0).abs() < 1e-12);
        let tied = [claim(0.8, true), claim(0.8, false), claim(0.5, false)];
        assert!((fit_threshold(&tied, Stance::Condemn, 0.9) - 1.0).abs() < 1e-12, "a tie is not cut in half");
    }
}

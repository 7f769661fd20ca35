//! Temperature scaling and review thresholds, both fitted on held-out logits; what a threshold decides.
//!
//! Guo, Pleiss, Sun, Weinberger, *On Calibration of Modern Neural Networks*, 2017: one number divides all logits; the
//! label never changes, only how sure it claims to be. Each look (`look`) has its own temperature; that of the first decides
//! which dyads get a second.

use crate::stance::{Stance, StanceProbs};
use std::collections::BTreeMap;

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

/// Mean negative log-likelihood in nats of the gold labels at a temperature; 0 of none.
pub fn nll(items: &[([f32; 4], Stance)], temperature: f64) -> f64 {
    let loss = |(logits, gold): &([f32; 4], Stance)| {
        let scaled = logits.map(|x| f64::from(x) / temperature);
        let top = scaled.into_iter().fold(f64::NEG_INFINITY, f64::max);
        top + scaled.iter().map(|x| (x - top).exp()).sum::<f64>().ln() - scaled[gold.index()]
    };
    if items.is_empty() { 0.0 } else { items.iter().map(loss).sum::<f64>() / items.len() as f64 }
}

/// The temperature in `0.05..=20` with the least negative log-likelihood, to 1e-4 (golden-section search on its
/// logarithm: the likelihood is unimodal in the inverse temperature). 1 without items.
pub fn fit_temperature(items: &[([f32; 4], Stance)]) -> f64 {
    if items.is_empty() {
        return 1.0;
    }
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let at = |log: f64| nll(items, log.exp());
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
        assert!((fit_temperature(&items) - 3.0).abs() < 1e-3);
    }

    #[test]
    fn the_likelihood_is_finite_at_extreme_logits() {
        let items = [([100.0, -100.0, 0.0, 0.0], Stance::Recognize)];
        assert!((nll(&items, 1.0) - 200.0).abs() < 1e-6);
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

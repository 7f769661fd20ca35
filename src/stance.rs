//! The four labels of the codebook and probabilities over them.
//!
//! Owns the label order, which the model's `id2label` is checked against when a model folder is opened.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where an actor stands toward a target, by the codebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// No stance of this actor toward this target is reported.
    None,
    /// Grants, restores or reaffirms recognition, or establishes full relations.
    Recognize,
    /// Acts or speaks constructively.
    Engage,
    /// Acts or speaks against.
    Condemn,
}

impl Stance {
    /// All labels in the order of the logits.
    pub const ALL: [Self; 4] = [Self::None, Self::Recognize, Self::Engage, Self::Condemn];
    /// The labels other than `none`, in the order of the logits.
    pub const POSITIONS: [Self; 3] = [Self::Recognize, Self::Engage, Self::Condemn];

    /// Column of the logits, `0..4`.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Lower-case name, as it stands in CSV and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Recognize => "recognize",
            Self::Engage => "engage",
            Self::Condemn => "condemn",
        }
    }
}

impl fmt::Display for Stance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A label that the codebook does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown stance `{0}`, expected none, recognize, engage or condemn")]
pub struct UnknownStance(String);

impl FromStr for Stance {
    type Err = UnknownStance;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| UnknownStance(name.to_owned()))
    }
}

/// Probabilities over [`Stance::ALL`]; finite, in `0..=1`, summing to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StanceProbs([f64; 4]);

impl StanceProbs {
    /// `softmax(logits / temperature)`, in the order of [`Stance::ALL`] (Guo et al. 2017). Shifted by the maximum, so
    /// that no finite logit overflows.
    pub fn from_logits(logits: [f32; 4], temperature: f64) -> Self {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exps = logits.map(|x| ((f64::from(x) - f64::from(top)) / temperature).exp());
        Self::from_weights(exps)
    }

    /// Non-negative weights scaled to sum to 1; all zero gives `none`.
    pub fn from_weights(weights: [f64; 4]) -> Self {
        let sum: f64 = weights.iter().sum();
        if sum > 0.0 { Self(weights.map(|w| w / sum)) } else { Self([1.0, 0.0, 0.0, 0.0]) }
    }

    /// Probability of one label.
    pub fn get(&self, stance: Stance) -> f64 {
        self.0[stance.index()]
    }

    /// The most probable label; the first in label order on a tie.
    pub fn best(&self) -> Stance {
        let mut best = Stance::None;
        for stance in Stance::ALL {
            if self.get(stance) > self.get(best) {
                best = stance;
            }
        }
        best
    }

    /// In the order of [`Stance::ALL`].
    pub fn as_array(&self) -> [f64; 4] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_reads_back_from_its_name() {
        for stance in Stance::ALL {
            assert_eq!(stance.name().parse(), Ok(stance));
        }
        assert!("Recognise".parse::<Stance>().is_err());
    }

    #[test]
    fn probabilities_survive_extreme_logits_and_keep_the_order() {
        let probs = StanceProbs::from_logits([100.0, -100.0, 0.0, 99.0], 1.0);
        assert!((probs.as_array().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(probs.best(), Stance::None);
        let hot = StanceProbs::from_logits([100.0, -100.0, 0.0, 99.0], 50.0);
        assert_eq!(hot.best(), Stance::None);
        assert!(hot.get(Stance::Condemn) > probs.get(Stance::Condemn));
    }
}

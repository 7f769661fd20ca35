//! Passages into one stance per document and dyad, by the rule of `docs/aggregation.md`.
//!
//! Evidence is every distinct passage that more probably than not reports a stance. Without evidence the document says
//! `none`, as surely as its least sure passage. With evidence each stance is pooled over it, weighted by how surely the
//! passage reports anything; `recognize` counts from its single best passage, because recognition is said once.

use crate::document::{ByteSpan, Dyad};
use crate::stance::{Stance, StanceProbs};

/// What one passage says about a dyad.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The sentence.
    pub sentence: ByteSpan,
    /// The model's calibrated word on it.
    pub probs: StanceProbs,
    /// Whether tokens were cut from the passage.
    pub truncated: bool,
    /// Whether the model looked at the dyad a second time, alone.
    pub alone: bool,
}

/// One document's stance of an actor toward a target.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentStance {
    /// Who toward whom.
    pub dyad: Dyad,
    /// The label.
    pub stance: Stance,
    /// Pooled probabilities.
    pub probs: StanceProbs,
    /// Distinct passages read.
    pub passages: usize,
    /// Evidence for two stances other than `none`.
    pub mixed: bool,
    /// Whether any passage was cut.
    pub truncated: bool,
    /// The passage that speaks most clearly for the label.
    pub best: Evidence,
}

/// Probability of `none` below which a passage is evidence.
const EVIDENCE: f64 = 0.5;

/// What a passage does in the pooling of its dyad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// Its sentence stood there before: it does not count again.
    Repeated,
    /// It more probably than not reports no stance.
    Silent,
    /// It is evidence, with this weight: one minus its probability of `none`.
    Evidence(f64),
}

/// The part of each passage of one dyad, in order. `text` tells repeated sentences.
pub fn parts(text: &str, passages: &[Evidence]) -> Vec<Part> {
    let sentence = |i: usize| passages[i].sentence.of(text);
    (0..passages.len())
        .map(|i| {
            let none = passages[i].probs.get(Stance::None);
            if (0..i).any(|j| sentence(j) == sentence(i)) {
                Part::Repeated
            } else if none < EVIDENCE {
                Part::Evidence(1.0 - none)
            } else {
                Part::Silent
            }
        })
        .collect()
}

/// Pools the passages of one dyad; `None` of none. `text` tells repeated sentences, which count once.
pub fn pool(dyad: Dyad, text: &str, passages: &[Evidence]) -> Option<DocumentStance> {
    let parts = parts(text, passages);
    let counted = || passages.iter().zip(&parts).filter(|(_, part)| **part != Part::Repeated).map(|(e, _)| e);
    let evidence: Vec<(&Evidence, f64)> = passages
        .iter()
        .zip(&parts)
        .filter_map(|(e, part)| if let Part::Evidence(weight) = part { Some((e, *weight)) } else { None })
        .collect();
    let probs = if evidence.is_empty() {
        let none = |e: &Evidence| e.probs.get(Stance::None);
        counted().min_by(|a, b| none(a).total_cmp(&none(b)))?.probs
    } else {
        let weight: f64 = evidence.iter().map(|(_, w)| w).sum();
        let mean = |s: Stance| evidence.iter().map(|(e, w)| w * e.probs.get(s)).sum::<f64>() / weight;
        let recognize = evidence.iter().map(|(e, _)| e.probs.get(Stance::Recognize)).fold(0.0, f64::max);
        let mut pooled = Stance::ALL.map(mean);
        pooled[Stance::Recognize.index()] = recognize;
        StanceProbs::from_weights(pooled)
    };
    let stance = probs.best();
    let best = counted().max_by(|a, b| a.probs.get(stance).total_cmp(&b.probs.get(stance)))?;
    let positions: std::collections::BTreeSet<Stance> = evidence.iter().map(|(e, _)| e.probs.best()).collect();
    Some(DocumentStance {
        dyad,
        stance,
        probs,
        passages: counted().count(),
        mixed: positions.iter().filter(|s| **s != Stance::None).count() > 1,
        truncated: passages.iter().any(|e| e.truncated),
        best: best.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "One. Two. Six.";

    fn pooled(items: &[(usize, [f64; 4])]) -> DocumentStance {
        let passages: Vec<Evidence> = items
            .iter()
            .map(|(at, weights)| Evidence {
                sentence: ByteSpan::new(TEXT, at * 5, at * 5 + 4).expect("a sentence"),
                probs: StanceProbs::from_weights(*weights),
                truncated: false,
                alone: false,
            })
            .collect();
        let dyad = Dyad { actor: "PER".into(), target: "XKX".into() };
        pool(dyad, TEXT, &passages).expect("there are passages")
    }

    #[test]
    fn silence_in_most_passages_does_not_outvote_one_clear_statement() {
        let stance = pooled(&[(0, [0.95, 0.0, 0.05, 0.0]), (1, [0.1, 0.0, 0.0, 0.9]), (2, [0.9, 0.0, 0.1, 0.0])]);
        assert_eq!(stance.stance, Stance::Condemn);
        assert_eq!(stance.best.sentence.of(TEXT), "Two.");
        assert!(!stance.mixed);
    }

    #[test]
    fn recognition_said_once_outranks_repeated_engagement() {
        let stance = pooled(&[(0, [0.1, 0.0, 0.9, 0.0]), (1, [0.05, 0.9, 0.05, 0.0]), (2, [0.1, 0.05, 0.85, 0.0])]);
        assert_eq!(stance.stance, Stance::Recognize);
        assert!(stance.mixed);
    }

    #[test]
    fn a_repeated_sentence_counts_once_and_silence_stays_none() {
        let twice = pooled(&[(0, [0.7, 0.0, 0.0, 0.3]), (0, [0.7, 0.0, 0.0, 0.3])]);
        assert_eq!((twice.stance, twice.passages), (Stance::None, 1));
    }
}

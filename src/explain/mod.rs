//! One document through every stage of the corridor, kept so that a person can follow how its stances came about.
//!
//! [`trace`] walks the same functions as `label` and keeps what they return; [`text`] prints it, [`page`] makes it a page.
//! Computes nothing of its own: what is shown is what counted.

pub mod page;
pub mod text;

use crate::aggregate::{DocumentStance, Evidence, Part, parts};
use crate::calibrate::Thresholds;
use crate::document::{Document, Dyad, PolityId, Sentence};
use crate::encode::ROLES;
use crate::example::Example;
use crate::look::AskError;
use crate::mention::Linked;
use crate::passage::passages;
use crate::pipeline::{Corridor, Labelled};
use crate::segment::sentences;
use crate::stance::StanceProbs;

/// Everything that was made of a document.
pub struct Trace {
    /// The document.
    pub document: Document,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// Mentions, and candidates that name nothing.
    pub linked: Linked,
    /// What the model read, in the order of the text.
    pub readings: Vec<Reading>,
    /// The stances by actor, then target, each with what it was pooled from.
    pub outcomes: Vec<Outcome>,
}

/// One example as the model saw it, and its word on every dyad.
pub struct Reading {
    /// Index of the sentence that is evidence.
    pub sentence: usize,
    /// Index of the first sentence of its context.
    pub first: usize,
    /// Index of the earlier sentence that names the target, if one was put in front.
    pub anchor: Option<usize>,
    /// `[P1] condemned [P2]`.
    pub marked: String,
    /// Polity of each role.
    pub polities: Vec<PolityId>,
    /// Tokens that the encoder read, `[CLS]` and `[SEP]` included.
    pub tokens: usize,
    /// Tokens that were left out.
    pub cut: usize,
    /// Calibrated probabilities, and whether they come from a second look at the dyad alone.
    pub dyads: Vec<(Dyad, StanceProbs, bool)>,
}

/// A document-level stance and its passages.
pub struct Outcome {
    /// The result.
    pub stance: DocumentStance,
    /// Index of the sentence, the model's word on it, and its part in the pooling.
    pub steps: Vec<(usize, StanceProbs, Part)>,
    /// Whether the row asks for review.
    pub needs_review: bool,
}

/// Walks a document through the corridor. Toward one target, `aliases` are further names of it.
///
/// # Errors
/// If the tokenizer or the engine refuses an example.
pub fn trace(
    corridor: &Corridor<'_>,
    document: Document,
    aliases: &[String],
    thresholds: Thresholds,
) -> Result<Trace, AskError> {
    let labelled = corridor.label(vec![document], aliases)?.into_iter().next();
    let Labelled { document, linked, evidence, stances } = labelled.expect("one document in, one out");
    let sentences = sentences(&document.text);
    let at = |start: usize| sentences.iter().rposition(|s| s.span.start() <= start).unwrap_or(0);
    let (budget, size) = (corridor.context_tokens, |text: &str| corridor.looks.encoder.count(text));
    let passages = passages(&document, &sentences, &linked.mentions, corridor.scope, budget, size)?;
    let mut words = evidence.iter();
    let mut readings = Vec::new();
    for passage in &passages {
        let examples = Example::covering(&document.text, &passage.spans(), &linked.mentions, &passage.dyads, ROLES);
        for (example, members) in examples {
            let encoded = corridor.looks.encoder.encode(&example)?;
            let dyads =
                words.by_ref().take(members.len()).map(|(dyad, word)| (dyad.clone(), word.probs, word.alone)).collect();
            readings.push(Reading {
                sentence: at(passage.sentence.start()),
                first: at(passage.span.start()),
                anchor: passage.anchor.map(|span| at(span.start())),
                marked: one_line(&example.marked()),
                polities: example.polities,
                tokens: encoded.ids.len(),
                cut: encoded.cut,
                dyads,
            });
        }
    }
    let outcomes = stances
        .into_iter()
        .map(|stance| {
            let own: Vec<Evidence> =
                evidence.iter().filter(|(dyad, _)| *dyad == stance.dyad).map(|(_, word)| word.clone()).collect();
            let parts = parts(&document.text, &own);
            let steps = own.iter().zip(parts).map(|(e, part)| (at(e.sentence.start()), e.probs, part)).collect();
            let needs_review = thresholds.needs_review(stance.stance, stance.probs, stance.mixed);
            Outcome { stance, steps, needs_review }
        })
        .collect();
    Ok(Trace { document, sentences, linked, readings, outcomes })
}

/// White space collapsed.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! Scores labelled texts through an engine: what `evaluate` and `train` measure on.
//!
//! Each text is one passage with its mentions given. Files and figures are left to the callers.

use crate::document::{ByteSpan, Dyad};
use crate::encode::{Batch, EncodeError, Encoder, ROLES, batches};
use crate::engine::{Engine, EngineError};
use crate::example::Example;
use crate::gold::GoldText;

/// A text cannot be scored.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The tokenizer refused.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Tokens that go through the engine in one call.
pub const BATCH_TOKENS: usize = 8192;

/// The examples of a text: its pairs over its mentions, each with the indices of the pairs that it holds.
pub fn examples(text: &GoldText) -> Vec<(Example<'_>, Vec<usize>)> {
    let dyads: Vec<Dyad> = text.pairs.iter().map(|p| p.dyad.clone()).collect();
    let span = ByteSpan::new(&text.text, 0, text.text.len()).expect("the whole text is a span of it");
    Example::covering(&text.text, &[span], &text.mentions, &dyads, ROLES)
}

/// Logits of every pair of every text, in order.
///
/// # Errors
/// If the tokenizer or the engine refuses a text.
pub fn score(texts: &[GoldText], encoder: &Encoder, engine: &dyn Engine) -> Result<Vec<Vec<[f32; 4]>>, PredictError> {
    let mut logits: Vec<Vec<[f32; 4]>> = texts.iter().map(|t| vec![[0.0; 4]; t.pairs.len()]).collect();
    let (mut encoded, mut places) = (Vec::new(), Vec::new());
    for (i, text) in texts.iter().enumerate() {
        for (example, members) in examples(text) {
            encoded.push(encoder.encode(&example)?);
            places.push((i, members));
        }
    }
    for range in batches(&encoded, BATCH_TOKENS) {
        let batch = Batch { examples: encoded[range.clone()].to_vec() };
        let scores = engine.logits(&batch)?;
        let mut row = 0;
        for (i, members) in &places[range] {
            for member in members {
                logits[*i][*member] = scores.row(row);
                row += 1;
            }
        }
    }
    Ok(logits)
}

//! How an example is asked about: all its dyads together, then the doubtful ones a second time, each alone.
//!
//! Together, one pass answers for every dyad, and every polity is a numbered role. Alone, the pass is about one dyad: its
//! two polities are `[ACTOR]` and `[TARGET]`, all others `[OTHER]`, so every layer knows whom it is about. That is more
//! accurate and costs a pass a dyad (measured in `docs/experiments.md`); most dyads need no second look.
//!
//! Makes token ids through `encode` and scores through the engine; what the answers mean is left to the callers.

use crate::encode::{Batch, EncodedExample, Encoder, batches};
use crate::engine::Engine;
use crate::example::Example;
use crate::model::Model;
use crate::model::config::SecondLook;
use crate::predict::{BATCH_TOKENS, PredictError};
use crate::stance::StanceProbs;
use rayon::prelude::*;

/// Asks about examples.
#[derive(Clone, Copy)]
pub struct Looks<'a> {
    /// Makes token ids.
    pub encoder: &'a Encoder,
    /// Scores.
    pub engine: &'a dyn Engine,
    /// Divides the logits of a first look before the softmax.
    pub temperature: f64,
    /// Which dyads are doubtful; `None` leaves it at one look.
    pub second: Option<SecondLook>,
}

/// The answers for one example.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Of each dyad, in order.
    pub answers: Vec<Answer>,
    /// Whether tokens were cut to fit the length limit, in the look at all dyads.
    pub cut: bool,
}

/// What the model says of one dyad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Scores, such that the softmax at [`Looks::temperature`] is calibrated whichever look they come from.
    pub logits: [f32; 4],
    /// Whether they come from a look at this dyad alone.
    pub alone: bool,
}

impl<'a> Looks<'a> {
    /// Through a model, with an engine on its weights.
    pub fn new(model: &'a Model, engine: &'a dyn Engine) -> Self {
        let (temperature, second) = (model.stance.temperature, model.stance.second_look);
        Self { encoder: &model.encoder, engine, temperature, second }
    }

    /// Answers for every dyad of every example, in order. A dyad's answer depends on its example alone.
    ///
    /// # Errors
    /// If the tokenizer or the engine refuses an example.
    pub fn at(&self, examples: &[Example<'_>]) -> Result<Vec<Seen>, PredictError> {
        let together = examples.par_iter().map(|e| self.encoder.encode(e)).collect::<Result<Vec<_>, _>>()?;
        let mut rows = self.logits(&together)?.into_iter();
        let mut seen: Vec<Seen> = together
            .iter()
            .map(|e| Seen {
                answers: rows.by_ref().take(e.dyads.len()).map(|logits| Answer { logits, alone: false }).collect(),
                cut: e.cut > 0,
            })
            .collect();
        let Some(second) = self.second else { return Ok(seen) };
        let doubted = |answer: &Answer| {
            let probs = StanceProbs::from_logits(answer.logits, self.temperature);
            probs.get(probs.best()) < second.below
        };
        let doubtful: Vec<(usize, usize)> = seen
            .iter()
            .enumerate()
            .flat_map(|(e, seen)| (0..seen.answers.len()).filter(|d| doubted(&seen.answers[*d])).map(move |d| (e, d)))
            .collect();
        let alone: Vec<EncodedExample> = doubtful
            .par_iter()
            .map(|(e, d)| self.encoder.encode_alone(&examples[*e], *d))
            .collect::<Result<_, _>>()?;
        let scale = (self.temperature / second.temperature) as f32;
        for ((e, d), logits) in doubtful.into_iter().zip(self.logits(&alone)?) {
            seen[e].answers[d] = Answer { logits: logits.map(|x| x * scale), alone: true };
        }
        Ok(seen)
    }

    /// The logits of every dyad, example by example.
    fn logits(&self, encoded: &[EncodedExample]) -> Result<Vec<[f32; 4]>, PredictError> {
        let mut rows = Vec::new();
        for range in batches(encoded, BATCH_TOKENS) {
            let batch = Batch { examples: encoded[range].to_vec() };
            let logits = self.engine.logits(&batch)?;
            rows.extend((0..batch.dyads()).map(|row| logits.row(row)));
        }
        Ok(rows)
    }
}

//! The model wall: one narrow trait from a batch to logits, and its implementations.
//!
//! `cpu` is embedded and always there; `memo` spares any engine what it has already scored; `torch` (cargo feature) trains, drives CUDA and checks `cpu`; [`FakeEngine`]
//! lets everything above the wall be tested without a model. No tensor type passes the wall.

pub mod cpu;
pub mod memo;
#[cfg(feature = "torch")]
pub mod torch;

use crate::encode::Batch;
use ndarray::Array2;

/// Raw scores `(D, 4)`: one row a dyad in batch order, columns in the order of [`crate::stance::Stance::ALL`].
#[derive(Debug, Clone, PartialEq)]
pub struct Logits(pub Array2<f32>);

impl Logits {
    /// The four scores of one dyad.
    pub fn row(&self, dyad: usize) -> [f32; 4] {
        let row = self.0.row(dyad);
        [row[0], row[1], row[2], row[3]]
    }
}

/// The engine cannot score a batch.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The batch does not fit the model.
    #[error("token {position} of example {example} has id {id}, but the vocabulary ends at {vocabulary}")]
    Vocabulary {
        /// Index into the batch.
        example: usize,
        /// Index into the example's tokens.
        position: usize,
        /// The id found.
        id: u32,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// An example is longer than the position embeddings.
    #[error("example {example} has {tokens} tokens, the model reads at most {limit}")]
    TooLong {
        /// Index into the batch.
        example: usize,
        /// Its length.
        tokens: usize,
        /// Rows of the position embeddings.
        limit: usize,
    },
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Torch(String),
}

/// Scores batches. The logits of a dyad depend on its own example alone: not on the rest of the batch, the order, or the
/// number of threads.
pub trait Engine: Send + Sync {
    /// Logits of every dyad of the batch.
    ///
    /// # Errors
    /// If the batch does not fit the model.
    fn logits(&self, batch: &Batch) -> Result<Logits, EngineError>;

    /// Name for `run.json`.
    fn name(&self) -> &'static str;
}

/// Checks what every engine demands of a batch.
fn check(batch: &Batch, vocabulary: usize, limit: usize) -> Result<(), EngineError> {
    for (example, e) in batch.examples.iter().enumerate() {
        if e.ids.len() > limit {
            return Err(EngineError::TooLong { example, tokens: e.ids.len(), limit });
        }
        if let Some(position) = e.ids.iter().position(|id| *id as usize >= vocabulary) {
            return Err(EngineError::Vocabulary { example, position, id: e.ids[position], vocabulary });
        }
    }
    Ok(())
}

/// Logits as a pure function of the token ids: for tests of everything above the wall.
pub struct FakeEngine;

impl Engine for FakeEngine {
    fn logits(&self, batch: &Batch) -> Result<Logits, EngineError> {
        let mut rows = Array2::zeros((batch.dyads(), 4));
        let dyads = batch.examples.iter().flat_map(|e| e.dyads.iter().map(move |d| (e, d)));
        for (mut row, (example, (actor, target))) in rows.rows_mut().into_iter().zip(dyads) {
            let sum: u32 = example.ids.iter().sum();
            let stance = (sum as usize + 2 * actor + target) % 4;
            row[stance] = 4.0;
        }
        Ok(Logits(rows))
    }

    fn name(&self) -> &'static str {
        "fake"
    }
}

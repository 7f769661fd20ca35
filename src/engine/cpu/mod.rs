//! The embedded engine: a packed BERT forward pass on `ndarray` and `gemm`, parallel over packs.
//!
//! The tokens of a pack stand one after another in one matrix `(T, H)`; no padding is ever computed, attention runs
//! example by example. Every row of every product depends on that row alone, so a result does not depend on its pack.

mod elementwise;
mod encoder;
mod matmul;

use super::{Engine, EngineError, Logits, check};
use crate::encode::{Batch, EncodedExample, batches};
use crate::model::config::EncoderConfig;
use crate::model::weights::{WeightError, Weights};
use encoder::{Linear, TransformerEncoder};
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

pub use matmul::matmul;

/// Tokens that one thread takes at a time: large enough that products run at full speed, small enough to stay in cache.
const PACK_TOKENS: usize = 512;

/// Rows of the head's products at least, filled up with zeros: below, `gemm` takes other paths that sum in another order
/// (one row; 64 by 64; 256 cells, with the four columns of the logits), and a dyad's logits would depend in their last
/// bits on how many stand beside it.
const HEAD_ROWS: usize = 65;

/// BERT encoder and stance head on the CPU.
pub struct CpuEngine {
    encoder: TransformerEncoder,
    dense: Linear,
    out: Linear,
    config: EncoderConfig,
}

impl CpuEngine {
    /// Takes the weights by their Hugging Face names.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape than `config` says.
    pub fn new(config: &EncoderConfig, weights: &Weights) -> Result<Self, WeightError> {
        let hidden = config.hidden_size;
        Ok(Self {
            encoder: TransformerEncoder::new(config, weights)?,
            dense: Linear::new(weights, "head.dense", hidden, 3 * hidden)?,
            out: Linear::new(weights, "head.out", 4, hidden)?,
            config: config.clone(),
        })
    }

    /// Last hidden states `(T, H)` of the examples' tokens, one example after another.
    ///
    /// # Errors
    /// If the batch does not fit the model.
    pub fn hidden_states(&self, batch: &Batch) -> Result<Array2<f32>, EngineError> {
        check(batch, self.config.vocab_size, self.config.max_position_embeddings)?;
        Ok(self.encoder.forward(&batch.examples))
    }

    /// The head's input `(D, 3H)`: for every dyad `[actor; target; CLS]`.
    ///
    /// # Errors
    /// If the batch does not fit the model.
    pub fn features(&self, batch: &Batch) -> Result<Array2<f32>, EngineError> {
        check(batch, self.config.vocab_size, self.config.max_position_embeddings)?;
        let packs: Vec<Array2<f32>> = batches(&batch.examples, PACK_TOKENS)
            .into_par_iter()
            .map(|range| {
                let examples = &batch.examples[range];
                let dyads: usize = examples.iter().map(|e| e.dyads.len()).sum();
                dyad_features(examples, self.encoder.forward(examples).view()).slice_move(s![..dyads, ..])
            })
            .collect();
        let views: Vec<_> = packs.iter().map(Array2::view).collect();
        Ok(ndarray::concatenate(Axis(0), &views).expect("all packs are 3H wide"))
    }

    /// Columns of [`Self::features`]: `3H`.
    pub const fn features_width(&self) -> usize {
        3 * self.config.hidden_size
    }

    fn pack(&self, examples: &[EncodedExample]) -> Array2<f32> {
        let hidden = self.encoder.forward(examples);
        let features = dyad_features(examples, hidden.view());
        let mut inner = self.dense.apply(features.view());
        elementwise::gelu(inner.as_slice_mut().expect("a fresh product is contiguous"));
        let logits = self.out.apply(inner.view());
        let dyads: usize = examples.iter().map(|e| e.dyads.len()).sum();
        logits.slice_move(s![..dyads, ..])
    }
}

impl Engine for CpuEngine {
    fn logits(&self, batch: &Batch) -> Result<Logits, EngineError> {
        check(batch, self.config.vocab_size, self.config.max_position_embeddings)?;
        let packs: Vec<Array2<f32>> = batches(&batch.examples, PACK_TOKENS)
            .into_par_iter()
            .map(|range| self.pack(&batch.examples[range]))
            .collect();
        let mut logits = Array2::zeros((batch.dyads(), 4));
        let mut row = 0;
        for pack in &packs {
            logits.slice_mut(s![row..row + pack.nrows(), ..]).assign(pack);
            row += pack.nrows();
        }
        Ok(Logits(logits))
    }

    fn name(&self) -> &'static str {
        "cpu"
    }
}

/// `(max(D, HEAD_ROWS), 3H)`: for every dyad `[actor; target; CLS]`, the actor and target as the mean of the states at their tokens.
fn dyad_features(examples: &[EncodedExample], hidden: ArrayView2<'_, f32>) -> Array2<f32> {
    let width = hidden.ncols();
    let dyads: usize = examples.iter().map(|e| e.dyads.len()).sum();
    let mut features = Array2::zeros((dyads.max(HEAD_ROWS), 3 * width));
    let (mut first, mut row) = (0, 0);
    for example in examples {
        let states: Vec<_> = example
            .roles
            .iter()
            .map(|positions| {
                let rows: Vec<usize> = positions.iter().map(|p| first + *p as usize).collect();
                hidden.select(Axis(0), &rows).mean_axis(Axis(0))
            })
            .collect();
        for (actor, target) in &example.dyads {
            for (part, role) in [actor, target].into_iter().enumerate() {
                if let Some(state) = &states[*role] {
                    features.slice_mut(s![row, part * width..(part + 1) * width]).assign(state);
                }
            }
            features.slice_mut(s![row, 2 * width..]).assign(&hidden.row(first));
            row += 1;
        }
        first += example.ids.len();
    }
    features
}

//! The transformer encoder (Vaswani et al. 2017, Devlin et al. 2019) over packed tokens.
//!
//! `T` tokens of the pack, `H` hidden size, `A` heads of width `H / A`, `L` tokens of one example.

use super::elementwise::{add_and_normalise, gelu, softmax};
use super::matmul::matmul;
use crate::encode::EncodedExample;
use crate::model::config::EncoderConfig;
use crate::model::weights::{WeightError, Weights};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, s};

/// `y = x Wᵀ + b`, `W` as stored: `(out, in)`.
pub(super) struct Linear {
    weight: Array2<f32>,
    bias: Array1<f32>,
}

impl Linear {
    pub(super) fn new(weights: &Weights, name: &str, out: usize, input: usize) -> Result<Self, WeightError> {
        Ok(Self {
            weight: weights.matrix(&format!("{name}.weight"), out, input)?,
            bias: weights.vector(&format!("{name}.bias"), out)?,
        })
    }

    /// Several maps of one input as one: their outputs stand side by side.
    fn stack(parts: &[Self]) -> Self {
        let weights: Vec<_> = parts.iter().map(|p| p.weight.view()).collect();
        let biases: Vec<_> = parts.iter().map(|p| p.bias.view()).collect();
        Self {
            weight: ndarray::concatenate(Axis(0), &weights).expect("parts share their input width"),
            bias: ndarray::concatenate(Axis(0), &biases).expect("vectors always concatenate"),
        }
    }

    /// `(T, in)` → `(T, out)`.
    pub(super) fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut y = Array2::zeros((x.nrows(), self.weight.nrows()));
        for mut row in y.rows_mut() {
            row.assign(&self.bias);
        }
        matmul(x, self.weight.t(), y.view_mut(), 1.0, true);
        y
    }
}

struct LayerNorm {
    gain: Array1<f32>,
    shift: Array1<f32>,
    eps: f32,
}

impl LayerNorm {
    fn new(weights: &Weights, name: &str, width: usize, eps: f64) -> Result<Self, WeightError> {
        Ok(Self {
            gain: weights.vector(&format!("{name}.weight"), width)?,
            shift: weights.vector(&format!("{name}.bias"), width)?,
            eps: eps as f32,
        })
    }

    /// `x ← norm(x + residual)`, row by row.
    fn apply(&self, x: &mut Array2<f32>, residual: &Array2<f32>) {
        let (gain, shift) = (slice(&self.gain), slice(&self.shift));
        for (mut row, residual) in x.rows_mut().into_iter().zip(residual.rows()) {
            let row = row.as_slice_mut().expect("rows of a fresh matrix are contiguous");
            let residual = residual.as_slice().expect("rows of a fresh matrix are contiguous");
            add_and_normalise(row, residual, gain, shift, self.eps);
        }
    }
}

fn slice(vector: &Array1<f32>) -> &[f32] {
    vector.as_slice().expect("owned vectors are contiguous")
}

struct Layer {
    query_key_value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
}

/// Embeddings and the stack of layers.
pub(super) struct TransformerEncoder {
    words: Array2<f32>,
    /// Position embeddings with the embedding of token type 0 added: there is one segment.
    positions: Array2<f32>,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads: usize,
}

impl TransformerEncoder {
    pub(super) fn new(config: &EncoderConfig, weights: &Weights) -> Result<Self, WeightError> {
        let (hidden, inner, eps) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let types = weights.matrix("embeddings.token_type_embeddings.weight", config.type_vocab_size, hidden)?;
        let positions =
            weights.matrix("embeddings.position_embeddings.weight", config.max_position_embeddings, hidden)?;
        let layers = (0..config.num_hidden_layers)
            .map(|i| {
                let at = |part: &str| format!("encoder.layer.{i}.{part}");
                let square = |part: &str| Linear::new(weights, &at(part), hidden, hidden);
                Ok(Layer {
                    query_key_value: Linear::stack(&[
                        square("attention.self.query")?,
                        square("attention.self.key")?,
                        square("attention.self.value")?,
                    ]),
                    attention_output: square("attention.output.dense")?,
                    attention_norm: LayerNorm::new(weights, &at("attention.output.LayerNorm"), hidden, eps)?,
                    intermediate: Linear::new(weights, &at("intermediate.dense"), inner, hidden)?,
                    output: Linear::new(weights, &at("output.dense"), hidden, inner)?,
                    output_norm: LayerNorm::new(weights, &at("output.LayerNorm"), hidden, eps)?,
                })
            })
            .collect::<Result<_, WeightError>>()?;
        Ok(Self {
            words: weights.matrix("embeddings.word_embeddings.weight", config.vocab_size, hidden)?,
            positions: positions + types.row(0),
            norm: LayerNorm::new(weights, "embeddings.LayerNorm", hidden, eps)?,
            layers,
            heads: config.num_attention_heads,
        })
    }

    /// Last hidden states `(T, H)` of all examples' tokens, one example after another.
    pub(super) fn forward(&self, examples: &[EncodedExample]) -> Array2<f32> {
        let tokens = examples.iter().map(|e| e.ids.len()).sum();
        let mut x = Array2::zeros((tokens, self.words.ncols()));
        let mut place = Array2::zeros(x.raw_dim());
        let ids = examples.iter().flat_map(|e| e.ids.iter().enumerate());
        for (row, (position, id)) in ids.enumerate() {
            x.row_mut(row).assign(&self.words.row(*id as usize));
            place.row_mut(row).assign(&self.positions.row(position));
        }
        self.norm.apply(&mut x, &place);
        for layer in &self.layers {
            let qkv = layer.query_key_value.apply(x.view());
            let mixed = self.attention(qkv.view(), examples);
            let mut attended = layer.attention_output.apply(mixed.view());
            layer.attention_norm.apply(&mut attended, &x);
            let mut inner = layer.intermediate.apply(attended.view());
            gelu(inner.as_slice_mut().expect("a fresh product is contiguous"));
            x = layer.output.apply(inner.view());
            layer.output_norm.apply(&mut x, &attended);
        }
        x
    }

    /// Scaled dot-product attention of `(T, 3H)` queries, keys and values within each example → `(T, H)`.
    fn attention(&self, qkv: ArrayView2<'_, f32>, examples: &[EncodedExample]) -> Array2<f32> {
        let hidden = qkv.ncols() / 3;
        let width = hidden / self.heads;
        let scale = 1.0 / (width as f32).sqrt();
        let mut mixed = Array2::zeros((qkv.nrows(), hidden));
        let longest = examples.iter().map(|e| e.ids.len()).max().unwrap_or(0);
        let mut buffer = vec![0.0; longest * longest];
        let mut first = 0;
        for example in examples {
            let n = example.ids.len();
            let rows = first..first + n;
            let mut scores =
                ArrayViewMut2::from_shape((n, n), &mut buffer[..n * n]).expect("the buffer holds the longest example");
            for head in 0..self.heads {
                let columns = |part: usize| {
                    let start = part * hidden + head * width;
                    qkv.slice(s![rows.clone(), start..start + width])
                };
                matmul(columns(0), columns(1).t(), scores.view_mut(), scale, false);
                for mut row in scores.rows_mut() {
                    softmax(row.as_slice_mut().expect("rows of the buffer are contiguous"));
                }
                let out = mixed.slice_mut(s![rows.clone(), head * width..(head + 1) * width]);
                matmul(scores.view(), columns(2), out, 1.0, false);
            }
            first += n;
        }
        mixed
    }
}

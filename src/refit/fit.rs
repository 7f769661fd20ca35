//! The refit itself: features once through the encoder, then mini-batches over the head alone.

use super::head::{AdamW, Head};
use crate::encode::{Batch, Encoder, batches};
use crate::engine::cpu::CpuEngine;
use crate::gold::GoldText;
use crate::look::{AskError, BATCH_TOKENS};
use crate::predict::examples;
use crate::stance::Stance;
use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// How to refit. Recorded in `stance.json`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RefitSettings {
    /// Passes over the data.
    pub epochs: usize,
    /// Dyads in a batch.
    pub batch: usize,
    /// Peak learning rate; falls to zero along a line.
    pub learning_rate: f64,
    /// Strength of the pull back to the old weights.
    pub pull: f64,
    /// Weight of a corrected label beside one of the replay.
    pub weight: f64,
    /// Weight of each class, in label order.
    pub class_weights: [f64; 4],
    /// Share of every label that is spread over all classes: what the model's scale takes back.
    pub smoothing: f64,
    /// Seed of the shuffling.
    pub seed: u64,
}

/// A labelled dyad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// Column of the logits.
    pub stance: Stance,
    /// How much it counts.
    pub weight: f64,
}

/// The head's input `(D, 3H)` and the label of every pair of the texts; unsure pairs count half of `weight`. With `alone` every
/// pair comes a second time, asked about alone, for a head that answers both looks.
///
/// # Errors
/// If the tokenizer or the engine refuses a text.
pub fn features(
    texts: &[GoldText],
    weight: f64,
    encoder: &Encoder,
    engine: &CpuEngine,
    alone: bool,
) -> Result<(Array2<f64>, Vec<Item>), AskError> {
    let (mut encoded, mut items) = (Vec::new(), Vec::new());
    for text in texts {
        for (example, members) in examples(text) {
            let own = members.iter().map(|i| {
                let pair = &text.pairs[*i];
                Item { stance: pair.stance, weight: if pair.sure { weight } else { weight / 2.0 } }
            });
            encoded.push(encoder.encode(&example)?);
            items.extend(own.clone());
            if alone {
                for dyad in 0..members.len() {
                    encoded.push(encoder.encode_alone(&example, dyad)?);
                }
                items.extend(own);
            }
        }
    }
    let mut rows = Array2::zeros((items.len(), engine.features_width()));
    let mut at = 0;
    for range in batches(&encoded, BATCH_TOKENS) {
        let part = engine.features(&Batch { examples: encoded[range].to_vec() })?;
        for row in part.rows() {
            rows.row_mut(at).assign(&row.mapv(f64::from));
            at += 1;
        }
    }
    Ok((rows, items))
}

/// Trains the head from `start`.
pub fn fit(start: &Head, features: &Array2<f64>, items: &[Item], settings: &RefitSettings) -> Head {
    let mut head = start.clone();
    let mut optimizer = AdamW::new(start);
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let total = items.len().div_ceil(settings.batch) * settings.epochs;
    let mut step = 0;
    for _ in 0..settings.epochs {
        order.shuffle(&mut random);
        for rows in order.chunks(settings.batch) {
            let labels: Vec<usize> = rows.iter().map(|i| items[*i].stance.index()).collect();
            let weights: Array1<f64> =
                rows.iter().map(|i| items[*i].weight * settings.class_weights[items[*i].stance.index()]).collect();
            let part = features.select(Axis(0), rows);
            let (_, gradient) = head.gradient(part.view(), &labels, &weights, settings.smoothing);
            let rate = settings.learning_rate * (1.0 - f64::from(step) / total as f64);
            optimizer.step(&mut head, &gradient, rate, settings.pull);
            step += 1;
        }
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::weights::{Tensor, Weights};

    fn start(hidden: usize) -> Head {
        let mut weights = Weights::default();
        let mut add = |name: &str, shape: Vec<usize>| {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|i| ((i * 37 + 11) % 23) as f32 / 23.0 - 0.5).collect();
            weights.insert(name.to_owned(), Tensor { shape, values });
        };
        add("head.dense.weight", vec![hidden, 3 * hidden]);
        add("head.dense.bias", vec![hidden]);
        add("head.out.weight", vec![4, hidden]);
        add("head.out.bias", vec![4]);
        Head::of(&weights, hidden).expect("all tensors")
    }

    fn data() -> (Array2<f64>, Vec<Item>) {
        let features =
            Array2::from_shape_fn((20, 24), |(i, j)| (((i * 31 + j * 17) * (j + 3)) % 29) as f64 / 15.0 - 1.0);
        let items = (0..20).map(|i| Item { stance: Stance::ALL[i % 4], weight: 1.0 }).collect();
        (features, items)
    }

    const SETTINGS: RefitSettings = RefitSettings {
        epochs: 300,
        batch: 5,
        learning_rate: 0.02,
        pull: 0.0,
        weight: 1.0,
        class_weights: [1.0; 4],
        smoothing: 0.0,
        seed: 1,
    };

    fn right(head: &Head, features: &Array2<f64>, items: &[Item]) -> usize {
        let logits = head.logits(features.view());
        let best = |i: usize| (0..4).max_by(|a, b| logits[[i, *a]].total_cmp(&logits[[i, *b]])).unwrap_or(0);
        items.iter().enumerate().filter(|(i, item)| best(*i) == item.stance.index()).count()
    }

    #[test]
    fn the_head_learns_twenty_dyads_by_heart_and_a_strong_pull_keeps_the_old_one() {
        let (features, items) = data();
        let old = start(8);
        assert!(right(&old, &features, &items) < 15);
        assert_eq!(right(&fit(&old, &features, &items, &SETTINGS), &features, &items), 20);
        let held = fit(&old, &features, &items, &RefitSettings { pull: 40.0, ..SETTINGS });
        let moved = (held.logits(features.view()) - old.logits(features.view())).mapv(f64::abs).sum() / 80.0;
        let free = fit(&old, &features, &items, &SETTINGS);
        let freely = (free.logits(features.view()) - old.logits(features.view())).mapv(f64::abs).sum() / 80.0;
        assert!(moved < freely / 10.0, "{moved} against {freely}");
    }

    #[test]
    fn the_same_seed_gives_the_same_head() {
        let (features, items) = data();
        let short = RefitSettings { epochs: 3, ..SETTINGS };
        assert_eq!(fit(&start(8), &features, &items, &short), fit(&start(8), &features, &items, &short));
    }
}

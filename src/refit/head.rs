//! The stance head as something that learns: forward, loss and gradient by hand, `AdamW`.
//!
//! `D` dyads of a batch, `F = 3H` features. `inner = x Wᵀ + b` `(D, H)`, `logits = gelu(inner) Vᵀ + c` `(D, 4)`; the same
//! map as the engines', in 64-bit so that gradients can be checked.

use crate::model::weights::{Tensor, WeightError, Weights};
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};
use statrs::function::erf::erf;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Names of the head's tensors, in the order of [`Head::parts`].
const NAMES: [&str; 4] = ["head.dense.weight", "head.dense.bias", "head.out.weight", "head.out.bias"];

/// Weights of the head, or a gradient or moment of the same shapes: `W (H, F)`, `b (1, H)`, `V (4, H)`, `c (1, 4)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    parts: [Array2<f64>; 4],
}

impl Head {
    /// Takes the head's tensors out of a model's weights; `hidden` is `H`.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape.
    pub fn of(weights: &Weights, hidden: usize) -> Result<Self, WeightError> {
        let matrix =
            |name: &str, rows, columns| Ok::<_, WeightError>(weights.matrix(name, rows, columns)?.mapv(f64::from));
        let row =
            |name: &str, len| Ok::<_, WeightError>(weights.vector(name, len)?.mapv(f64::from).insert_axis(Axis(0)));
        Ok(Self {
            parts: [
                matrix(NAMES[0], hidden, 3 * hidden)?,
                row(NAMES[1], hidden)?,
                matrix(NAMES[2], 4, hidden)?,
                row(NAMES[3], 4)?,
            ],
        })
    }

    /// Puts the tensors into a model's weights in place of those there.
    pub fn store(&self, weights: &mut Weights) {
        for (i, (name, part)) in NAMES.iter().zip(&self.parts).enumerate() {
            let shape = if i % 2 == 0 { part.shape().to_vec() } else { vec![part.len()] };
            let values = part.iter().map(|x| *x as f32).collect();
            weights.insert((*name).to_owned(), Tensor { shape, values });
        }
    }

    /// Logits `(D, 4)` of features `(D, F)`.
    pub fn logits(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        self.inner(features).mapv(gelu).dot(&self.parts[2].t()) + &self.parts[3]
    }

    fn inner(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        features.dot(&self.parts[0].t()) + &self.parts[1]
    }

    /// Mean weighted cross-entropy of the labels (columns of the logits), of which a share of `smoothing` is spread over all
    /// columns, and its gradient.
    pub fn gradient(
        &self,
        features: ArrayView2<'_, f64>,
        labels: &[usize],
        weights: &Array1<f64>,
        smoothing: f64,
    ) -> (f64, Self) {
        let inner = self.inner(features);
        let active = inner.mapv(gelu);
        let logits = active.dot(&self.parts[2].t()) + &self.parts[3];
        let total = weights.sum();
        let (mut loss, mut slope) = (0.0, logits);
        for ((mut row, label), weight) in slope.rows_mut().into_iter().zip(labels).zip(weights) {
            let top = row.fold(f64::NEG_INFINITY, |a, b| a.max(*b));
            row.mapv_inplace(|x| (x - top).exp());
            let sum = row.sum();
            row /= sum;
            for (column, p) in row.iter_mut().enumerate() {
                let gold = smoothing / 4.0 + if column == *label { 1.0 - smoothing } else { 0.0 };
                loss -= weight / total * gold * p.ln();
                *p -= gold;
            }
            row *= weight / total;
        }
        let mut back = slope.dot(&self.parts[2]);
        Zip::from(&mut back).and(&inner).for_each(|b, x| *b *= gelu_slope(*x));
        let sums = |x: &Array2<f64>| x.sum_axis(Axis(0)).insert_axis(Axis(0));
        let parts = [back.t().dot(&features), sums(&back), slope.t().dot(&active), sums(&slope)];
        (loss, Self { parts })
    }

    /// Whether every weight is a finite number.
    pub fn is_finite(&self) -> bool {
        self.parts.iter().all(|part| part.iter().all(|w| w.is_finite()))
    }

    /// A head of zeros with these shapes.
    fn zeros(&self) -> Self {
        Self { parts: self.parts.each_ref().map(|p| Array2::zeros(p.raw_dim())) }
    }
}

/// `x Φ(x)`.
fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2))
}

/// `Φ(x) + x φ(x)`.
fn gelu_slope(x: f64) -> f64 {
    0.5 * (1.0 + erf(x * FRAC_1_SQRT_2)) + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// `AdamW` (Loshchilov & Hutter 2019) whose decay pulls toward the start instead of zero: what was learned before is
/// given up only where the data ask for it (L2-SP, Li, Grandvalet & Davoine 2018).
pub(super) struct AdamW {
    start: Head,
    first: Head,
    second: Head,
    step: i32,
}

impl AdamW {
    pub(super) fn new(start: &Head) -> Self {
        Self { start: start.clone(), first: start.zeros(), second: start.zeros(), step: 0 }
    }

    pub(super) fn step(&mut self, head: &mut Head, gradient: &Head, rate: f64, pull: f64) {
        self.step += 1;
        let (bias_1, bias_2) = (1.0 - 0.9f64.powi(self.step), 1.0 - 0.999f64.powi(self.step));
        for i in 0..4 {
            let (first, second) = (&mut self.first.parts[i], &mut self.second.parts[i]);
            Zip::from(first).and(&gradient.parts[i]).for_each(|m, g| *m = 0.9 * *m + 0.1 * g);
            Zip::from(second).and(&gradient.parts[i]).for_each(|v, g| *v = 0.999 * *v + 0.001 * g * g);
            Zip::from(&mut head.parts[i])
                .and(&self.first.parts[i])
                .and(&self.second.parts[i])
                .and(&self.start.parts[i])
                .for_each(|w, m, v, start| {
                    let free = *w - rate * m / bias_1 / ((v / bias_2).sqrt() + 1e-8);
                    // Implicitly, so that any strength of the pull is stable.
                    *w = (free + rate * pull * start) / (1.0 + rate * pull);
                });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let part = |rows, columns, seed: usize| {
            Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 13 + seed) % 11) as f64 / 11.0 - 0.45)
        };
        Head { parts: [part(3, 9, 1), part(1, 3, 2), part(4, 3, 3), part(1, 4, 4)] }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss_in_every_weight() {
        let head = head();
        let features = Array2::from_shape_fn((5, 9), |(i, j)| ((i * 5 + j * 3) % 7) as f64 / 3.0 - 1.0);
        let (labels, weights) = ([0, 3, 1, 2, 3], Array1::from(vec![1.0, 0.5, 2.0, 1.0, 1.5]));
        let (_, gradient) = head.gradient(features.view(), &labels, &weights, 0.1);
        for part in 0..4 {
            for index in 0..head.parts[part].len() {
                let moved = |by: f64| {
                    let mut head = head.clone();
                    *head.parts[part].iter_mut().nth(index).expect("in range") += by;
                    head.gradient(features.view(), &labels, &weights, 0.1).0
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let found = *gradient.parts[part].iter().nth(index).expect("in range");
                assert!((slope - found).abs() < 1e-8, "part {part}, weight {index}: {slope} against {found}");
            }
        }
    }

    #[test]
    fn a_head_goes_into_weights_and_comes_back() {
        let head = head();
        let mut weights = Weights::default();
        head.store(&mut weights);
        let back = Head::of(&weights, 3).expect("all tensors");
        for (a, b) in head.parts.iter().zip(&back.parts) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6));
        }
        assert!(Head::of(&weights, 4).is_err(), "another width is refused");
    }
}

//! The element-wise parts of the forward pass, written so that they vectorise on the machine's widest SIMD.
//!
//! `pulp` picks the instruction set at run time; the loops below are plain Rust without branches or library calls.

#![expect(clippy::inline_always, reason = "only what is inlined into a dispatched closure is compiled for its SIMD")]

use pulp::Arch;
use std::f32::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E};

/// `x ← x · Φ(x)` with the exact (erf) form that `hidden_act: gelu` names (Hendrycks & Gimpel 2016).
pub(super) fn gelu(xs: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for x in xs {
                *x *= 0.5 * (1.0 + erf(*x * FRAC_1_SQRT_2));
            }
        },
    );
}

/// Softmax of one row in place, shifted by its maximum.
pub(super) fn softmax(row: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let top = maximum(row);
            for x in &mut *row {
                *x = exp(*x - top);
            }
            let scale = 1.0 / sum(row);
            for x in row {
                *x *= scale;
            }
        },
    );
}

/// `row ← gain · (row + residual − mean) / √(variance + eps) + shift`: the residual sum and layer normalisation
/// (Ba et al. 2016) of one row.
pub(super) fn add_and_normalise(row: &mut [f32], residual: &[f32], gain: &[f32], shift: &[f32], eps: f32) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (x, r) in row.iter_mut().zip(residual) {
                *x += *r;
            }
            let n = row.len() as f32;
            let mean = sum(row) / n;
            for x in &mut *row {
                *x -= mean;
            }
            let scale = 1.0 / (sum_of_squares(row) / n + eps).sqrt();
            for ((x, g), b) in row.iter_mut().zip(gain).zip(shift) {
                *x = *x * scale * *g + *b;
            }
        },
    );
}

/// Lanes of the reductions: float sums only vectorise when their order is spelled out.
const LANES: usize = 16;

#[inline(always)]
fn reduce(row: &[f32], start: f32, step: impl Fn(f32, f32) -> f32, merge: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = step(*lane, *x);
        }
    }
    let tail = rest.iter().fold(start, |acc, x| step(acc, *x));
    lanes.into_iter().fold(tail, merge)
}

#[inline(always)]
fn sum(row: &[f32]) -> f32 {
    reduce(row, 0.0, |acc, x| acc + x, |a, b| a + b)
}

#[inline(always)]
fn sum_of_squares(row: &[f32]) -> f32 {
    reduce(row, 0.0, |acc, x| acc + x * x, |a, b| a + b)
}

#[inline(always)]
fn maximum(row: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    reduce(row, f32::MIN, larger, larger)
}

/// `eˣ` for `x ≤ 0`, relative error below 2e-7: `2ⁿ · eʳ` with |r| ≤ ln 2 / 2 and a degree-6 polynomial (Cephes `expf`).
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = LN_2 - LN_2_HIGH;
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it leaves the nearest integer in the low bits
    let x = if x < -87.0 { -87.0 } else { x };
    let n = (x * LOG2_E + ROUND) - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.000_000_3e-1] {
        p = p * r + c;
    }
    let e = p * r * r + r + 1.0;
    e * f32::from_bits((((n as i32) + 127) << 23) as u32)
}

/// The error function, absolute error below 1e-6: a rational minimax approximation on `[-4, 4]`.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = if x > 4.0 { 4.0 } else { x };
    let x = if x < -4.0 { -4.0 } else { x };
    let x2 = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_4e-4, -2.954_6e-3, -1.609_603_3e-2] {
        p = p * x2 + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_5e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q * x2 + c;
    }
    x * p / q
}

#[cfg(test)]
mod tests {
    use super::*;

    // References: CPython's math.erf and math.exp.
    #[test]
    fn erf_and_exp_follow_their_definitions() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.5, 0.999_593_1),
            (-1.5, -0.966_105_15),
            (9.0, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 1e-6, "erf({x}) = {}", erf(x));
        }
        for x in [-80.0f32, -20.5, -3.3, -1.0, -0.4, -1e-6, 0.0] {
            let expected = x.exp();
            assert!((exp(x) / expected - 1.0).abs() < 5e-7, "exp({x}) = {} not {expected}", exp(x));
        }
        assert!(exp(-1e4) < 1e-37);
    }

    #[test]
    fn softmax_sums_to_one_for_any_length_and_magnitude() {
        for n in [1, 2, 15, 16, 17, 40] {
            let mut row: Vec<f32> = (0..n).map(|i| (i as f32 - 5.0) * 30.0).collect();
            softmax(&mut row);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!(row.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }

    #[test]
    fn a_normalised_row_has_the_mean_and_deviation_asked_for() {
        let n = 50;
        let mut row: Vec<f32> = (0..n).map(|i| i as f32).collect();
        add_and_normalise(&mut row, &vec![3.0; n], &vec![2.0; n], &vec![1.0; n], 1e-12);
        let mean = row.iter().sum::<f32>() / n as f32;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / n as f32;
        assert!((mean - 1.0).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4);
    }
}

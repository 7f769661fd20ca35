//! The matrix product: the one place that calls `gemm`.

use gemm::Parallelism;
use ndarray::{ArrayView2, ArrayViewMut2};

/// `out = alpha · a b`, or `out += alpha · a b` with `accumulate`. Shapes `(M, K) (K, N) (M, N)`; any strides.
/// Runs on the calling thread.
///
/// # Panics
/// If the shapes do not fit.
pub fn matmul(
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
    alpha: f32,
    accumulate: bool,
) {
    let ((m, k), (k2, n)) = (a.dim(), b.dim());
    assert_eq!((k, out.dim()), (k2, (m, n)), "matmul of ({m}, {k}) by ({k2}, {n}) into {:?}", out.dim());
    let (a_strides, b_strides) = (a.strides(), b.strides());
    let out_strides = [out.strides()[0], out.strides()[1]];
    let keep = if accumulate { 1.0 } else { 0.0 };
    #[expect(unsafe_code, reason = "gemm takes pointers; the views above guarantee every element that it touches")]
    // SAFETY: the three views are valid for their dimensions and strides, which are passed unchanged, and `out` is
    // borrowed mutably, so that it cannot overlap `a` or `b`.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            out_strides[1],
            out_strides[0],
            accumulate,
            a.as_ptr(),
            a_strides[1],
            a_strides[0],
            b.as_ptr(),
            b_strides[1],
            b_strides[0],
            keep,
            alpha,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    #[test]
    fn a_product_can_be_scaled_and_added_to() {
        let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0, 0.0], [1.0, 1.0]]);
        let mut out = Array2::ones((2, 2));
        matmul(a.view(), b.view(), out.view_mut(), 2.0, true);
        assert_eq!(out, array![[7.0, 5.0], [15.0, 9.0]]);
        matmul(a.view(), b.t(), out.view_mut(), 1.0, false);
        assert_eq!(out, array![[1.0, 3.0], [3.0, 7.0]]);
    }

    proptest! {
        #[test]
        fn a_product_equals_the_textbook_sum(m in 1usize..20, k in 1usize..40, n in 1usize..20, seed in 0u32..99) {
            let cell = |i: usize, j: usize| ((i * 31 + j * 17 + seed as usize) % 13) as f32 - 6.0;
            let a = Array2::from_shape_fn((m, k), |(i, j)| cell(i, j));
            let b = Array2::from_shape_fn((k, n), |(i, j)| cell(j, i + 3));
            let mut out = Array2::zeros((m, n));
            matmul(a.view(), b.view(), out.view_mut(), 1.0, false);
            for ((i, j), value) in out.indexed_iter() {
                let expected: f32 = (0..k).map(|l| a[[i, l]] * b[[l, j]]).sum();
                prop_assert!((*value - expected).abs() < 1e-3);
            }
        }
    }
}

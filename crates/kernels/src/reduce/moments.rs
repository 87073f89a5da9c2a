//! Mean and variance in two passes: the second subtracts the mean, so a large offset costs no digits.

use super::{cascade, each_outer, each_vector, fold_row, load_n, store_n};
use crate::simd::{Real, Vector};

/// Mean and Σ(x − mean)² of a row; the mean of nothing is NaN.
#[inline(always)]
pub(crate) unsafe fn row_moments<T: Real>(x: *const T, n: usize) -> (T, T) {
    let mean = fold_row(n, T::ZERO, |i, count| load_n(x.add(i), count), |a, b| a.add(b)) / T::from_f64(n as f64);
    let centre = T::V::splat(mean);
    let squares = |i, count| {
        let d = load_n(x.add(i), count).sub(centre);
        d.mul(d)
    };
    (mean, fold_row(n, T::ZERO, squares, |a, b| a.add(b)))
}

kernel! {
    /// var[o, i] = Σₖ (x[o, k, i] − mean)² / max(n − correction, 0) and the mean, for the outputs `begin..end` of `[outer, inner]`.
    fn var_mean<T>(var: *mut T, mean: *mut T, x: *const T, n: usize, inner: usize, correction: f64, begin: usize, end: usize) {
        let freedom = n as f64 - correction;
        let freedom = T::from_f64(if freedom < 0.0 { 0.0 } else { freedom });
        if inner == 1 {
            let mut o = begin;
            while o < end {
                let (m, squares) = row_moments(x.add(o * n), n);
                *mean.add(o) = m;
                *var.add(o) = squares / freedom;
                o += 1;
            }
            return;
        }
        let zero = T::V::splat(T::ZERO);
        each_outer(inner, begin, end, |o, lo, hi| {
            let (x, var, mean) = (x.add(o * n * inner), var.add(o * inner), mean.add(o * inner));
            each_vector::<T>(lo, hi, |j, count| {
                let at = |k: usize| load_n(x.add(k * inner + j), count);
                let m = cascade(n, zero, at, |a, b| a.add(b)).div(T::V::splat(T::from_f64(n as f64)));
                let squares = |k| { let d = at(k).sub(m); d.mul(d) };
                let v = cascade(n, zero, squares, |a, b| a.add(b)).div(T::V::splat(freedom));
                store_n(m, mean.add(j), count);
                store_n(v, var.add(j), count);
            });
        });
    }
}

//! Layer normalisation of rows: `(x − mean) · rstd · weight + bias`, with the mean and rstd = 1 / √(var + eps) of each row.

use super::{load_or, rstd};
use crate::reduce::{cascade, each_vector, fold_row, load_n, row_moments, store_n};
use crate::simd::Vector;

kernel! {
    /// Normalises the rows `begin..end` of `[rows, n]`; mean and rstd are kept for the gradient. `weight` and `bias` may be null.
    fn layer_norm<T>(
        out: *mut T, mean: *mut T, rstds: *mut T, x: *const T, weight: *const T, bias: *const T,
        n: usize, eps: f64, begin: usize, end: usize,
    ) {
        let mut r = begin;
        while r < end {
            let (x, out) = (x.add(r * n), out.add(r * n));
            let (m, squares) = row_moments(x, n);
            let scale = rstd(T::V::splat(squares / T::from_f64(n as f64)), eps);
            *mean.add(r) = m;
            *rstds.add(r) = scale.first();
            let m = T::V::splat(m);
            each_vector::<T>(0, n, |i, count| {
                let v = load_n(x.add(i), count).sub(m).mul(scale).mul(load_or(weight, i, count, T::ONE));
                store_n(v.add(load_or(bias, i, count, T::ZERO)), out.add(i), count);
            });
            r += 1;
        }
    }

    /// Gradient of the input, rows `begin..end`: with h = g · weight and x̂ = (x − mean) · rstd, `rstd · (h − mean(h) − x̂ · mean(h x̂))`.
    fn layer_norm_grad_input<T>(
        gx: *mut T, g: *const T, x: *const T, mean: *const T, rstds: *const T, weight: *const T,
        n: usize, begin: usize, end: usize,
    ) {
        let size = T::from_f64(n as f64);
        let mut r = begin;
        while r < end {
            let (g, x, gx) = (g.add(r * n), x.add(r * n), gx.add(r * n));
            let (m, scale) = (T::V::splat(*mean.add(r)), T::V::splat(*rstds.add(r)));
            let h = |i, count| load_n(g.add(i), count).mul(load_or(weight, i, count, T::ONE));
            let normal = |i, count| load_n(x.add(i), count).sub(m).mul(scale);
            let a = T::V::splat(fold_row(n, T::ZERO, h, |a, b| a.add(b)) / size);
            let b = T::V::splat(fold_row(n, T::ZERO, |i, count| h(i, count).mul(normal(i, count)), |a, b| a.add(b)) / size);
            each_vector::<T>(0, n, |i, count| store_n(scale.mul(h(i, count).sub(a).sub(normal(i, count).mul(b))), gx.add(i), count));
            r += 1;
        }
    }

    /// Gradients of weight, Σ g (x − mean) rstd, and bias, Σ g, over all rows, for the columns `begin..end`.
    fn layer_norm_grad_affine<T>(
        gweight: *mut T, gbias: *mut T, g: *const T, x: *const T, mean: *const T, rstds: *const T,
        rows: usize, n: usize, begin: usize, end: usize,
    ) {
        let zero = [T::V::splat(T::ZERO); 2];
        each_vector::<T>(begin, end, |j, count| {
            let item = |r: usize| {
                let g = load_n(g.add(r * n + j), count);
                let normal = load_n(x.add(r * n + j), count).sub(T::V::splat(*mean.add(r))).mul(T::V::splat(*rstds.add(r)));
                [g, g.mul(normal)]
            };
            let [b, w] = cascade(rows, zero, item, |a, b| [a[0].add(b[0]), a[1].add(b[1])]);
            store_n(b, gbias.add(j), count);
            store_n(w, gweight.add(j), count);
        })
    }
}

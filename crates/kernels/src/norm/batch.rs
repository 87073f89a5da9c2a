//! Batch normalisation of `[n, c, l]` per channel c: `(x − mean) / √(var + eps) · weight + bias`.

use super::{load_or, rstd};
use crate::reduce::{cascade, each_outer, each_vector, fold_row, load_n, store_n};
use crate::simd::{Real, Vector};

/// Σ over n and l of what `item(offset, count)` gives for the channel at plane offset `start`; planes are c·l apart.
#[inline(always)]
unsafe fn channel_sum<T: Real>(n: usize, stride: usize, start: usize, l: usize, mut item: impl FnMut(usize, usize) -> T::V) -> T {
    let plane = |k: usize| fold_row(l, T::ZERO, |i, count| item(start + k * stride + i, count), |a, b| a.add(b));
    cascade(n, T::ZERO, plane, |a, b| a + b)
}

kernel! {
    /// Mean and biased variance of the channels `begin..end`.
    fn batch_norm_stats<T>(mean: *mut T, var: *mut T, x: *const T, n: usize, c: usize, l: usize, begin: usize, end: usize) {
        let size = T::from_f64(n as f64 * l as f64);
        if l == 1 {
            let (zero, size) = (T::V::splat(T::ZERO), T::V::splat(size));
            each_vector::<T>(begin, end, |j, count| {
                let at = |k: usize| load_n(x.add(k * c + j), count);
                let m = cascade(n, zero, at, |a, b| a.add(b)).div(size);
                let square = |k| { let d = at(k).sub(m); d.mul(d) };
                store_n(m, mean.add(j), count);
                store_n(cascade(n, zero, square, |a, b| a.add(b)).div(size), var.add(j), count);
            });
            return;
        }
        let mut j = begin;
        while j < end {
            let m = channel_sum::<T>(n, c * l, j * l, l, |i, count| load_n(x.add(i), count)) / size;
            let centre = T::V::splat(m);
            let square = |i, count| { let d = load_n(x.add(i), count).sub(centre); d.mul(d) };
            *mean.add(j) = m;
            *var.add(j) = channel_sum::<T>(n, c * l, j * l, l, square) / size;
            j += 1;
        }
    }

    /// out = (x − mean) / √(var + eps) · weight + bias on the planes `begin..end` of n·c. `weight` and `bias` may be null.
    fn batch_norm<T>(
        out: *mut T, x: *const T, mean: *const T, var: *const T, weight: *const T, bias: *const T,
        c: usize, l: usize, eps: f64, begin: usize, end: usize,
    ) {
        each_outer(c, begin, end, |o, lo, hi| {
            if l == 1 {
                return each_vector::<T>(lo, hi, |j, count| {
                    let scale = rstd(load_n(var.add(j), count), eps).mul(load_or(weight, j, count, T::ONE));
                    let v = load_n(x.add(o * c + j), count).sub(load_n(mean.add(j), count)).mul(scale);
                    store_n(v.add(load_or(bias, j, count, T::ZERO)), out.add(o * c + j), count);
                });
            }
            let mut j = lo;
            while j < hi {
                let one = |p: *const T, default: T| T::V::splat(load_or(p, j, 1, default).first());
                let centre = one(mean, T::ZERO);
                let scale = rstd(one(var, T::ONE), eps).mul(one(weight, T::ONE));
                let shift = one(bias, T::ZERO);
                let (x, out) = (x.add((o * c + j) * l), out.add((o * c + j) * l));
                each_vector::<T>(0, l, |i, count| store_n(load_n(x.add(i), count).sub(centre).mul(scale).add(shift), out.add(i), count));
                j += 1;
            }
        })
    }

    /// Gradients of weight, Σ g (x − mean) / √(var + eps), and of bias, Σ g, for the channels `begin..end`.
    fn batch_norm_grad_affine<T>(
        gweight: *mut T, gbias: *mut T, g: *const T, x: *const T, mean: *const T, var: *const T,
        n: usize, c: usize, l: usize, eps: f64, begin: usize, end: usize,
    ) {
        if l == 1 {
            let zero = [T::V::splat(T::ZERO); 2];
            return each_vector::<T>(begin, end, |j, count| {
                let m = load_n(mean.add(j), count);
                let item = |k: usize| {
                    let g = load_n(g.add(k * c + j), count);
                    [g, g.mul(load_n(x.add(k * c + j), count).sub(m))]
                };
                let [b, w] = cascade(n, zero, item, |a, b| [a[0].add(b[0]), a[1].add(b[1])]);
                store_n(b, gbias.add(j), count);
                store_n(w.mul(rstd(load_n(var.add(j), count), eps)), gweight.add(j), count);
            });
        }
        let mut j = begin;
        while j < end {
            let m = T::V::splat(*mean.add(j));
            // Both sums of a plane while it is in the cache.
            let plane = |k: usize| {
                let (g, x) = (g.add((k * c + j) * l), x.add((k * c + j) * l));
                let product = |i, count| load_n(g.add(i), count).mul(load_n(x.add(i), count).sub(m));
                [
                    fold_row(l, T::ZERO, |i, count| load_n(g.add(i), count), |a, b| a.add(b)),
                    fold_row(l, T::ZERO, product, |a, b| a.add(b)),
                ]
            };
            let [b, w] = cascade(n, [T::ZERO; 2], plane, |a, b| [a[0] + b[0], a[1] + b[1]]);
            *gbias.add(j) = b;
            *gweight.add(j) = w * rstd(T::V::splat(*var.add(j)), eps).first();
            j += 1;
        }
    }

    /// Gradient of the input on the planes `begin..end` of n·c, with N = n·l and x̂ the normalised input:
    /// `w / √(var + eps) · (g − gbias / N − x̂ · gweight / N)`; with a null `gweight` mean and var were constants: `g w / √(var + eps)`.
    fn batch_norm_grad_input<T>(
        gx: *mut T, g: *const T, x: *const T, mean: *const T, var: *const T, weight: *const T, gweight: *const T, gbias: *const T,
        n: usize, c: usize, l: usize, eps: f64, begin: usize, end: usize,
    ) {
        let size = T::V::splat(T::from_f64(n as f64 * l as f64));
        let formula = |g: T::V, x: T::V, m: T::V, scale: T::V, a: T::V, b: T::V| scale.mul(g.sub(a).sub(x.sub(m).mul(b)));
        each_outer(c, begin, end, |o, lo, hi| {
            if l == 1 {
                return each_vector::<T>(lo, hi, |j, count| {
                    let r = rstd(load_n(var.add(j), count), eps);
                    let scale = r.mul(load_or(weight, j, count, T::ONE));
                    let mut v = load_n(g.add(o * c + j), count).mul(scale);
                    if !gweight.is_null() {
                        let a = load_n(gbias.add(j), count).div(size);
                        let b = load_n(gweight.add(j), count).div(size).mul(r);
                        v = formula(load_n(g.add(o * c + j), count), load_n(x.add(o * c + j), count), load_n(mean.add(j), count), scale, a, b);
                    }
                    store_n(v, gx.add(o * c + j), count);
                });
            }
            let mut j = lo;
            while j < hi {
                let one = |p: *const T, default: T| T::V::splat(load_or(p, j, 1, default).first());
                let r = rstd(one(var, T::ONE), eps);
                let scale = r.mul(one(weight, T::ONE));
                let at = (o * c + j) * l;
                let (g, x, gx) = (g.add(at), x.add(at), gx.add(at));
                if gweight.is_null() {
                    each_vector::<T>(0, l, |i, count| store_n(load_n(g.add(i), count).mul(scale), gx.add(i), count));
                } else {
                    let m = one(mean, T::ZERO);
                    let a = one(gbias, T::ZERO).div(size);
                    let b = one(gweight, T::ZERO).div(size).mul(r);
                    each_vector::<T>(0, l, |i, count| store_n(formula(load_n(g.add(i), count), load_n(x.add(i), count), m, scale, a, b), gx.add(i), count));
                }
                j += 1;
            }
        })
    }
}

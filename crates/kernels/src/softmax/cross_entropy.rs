//! Cross-entropy of rows of logits with class labels, in one pass, and its gradient.
//!
//! With y = log-softmax of a row of C classes, label t, class weights w (1 if none) and smoothing ε:
//! `loss = −(1 − ε) w[t] y[t] − ε/C Σ w[c] y[c]`; a row whose label is `ignore` has loss and weight 0.

use super::narrow::{exp_rows, log_softmax_rows};
use super::{larger, row_exp_sum};
use crate::math::{exp_falling, log};
use crate::reduce::{each_vector, fold_row, load_n, store_n};
use crate::simd::{Real, Vector};
use crate::tuning::NARROW;

/// w[i..i + count], or ones.
#[inline(always)]
unsafe fn weights<T: Real>(w: *const T, i: usize, count: usize) -> T::V {
    if w.is_null() {
        T::V::splat(T::ONE)
    } else {
        load_n(w.add(i), count)
    }
}

kernel! {
    /// For the rows `begin..end` of `[rows, classes]`: the loss, the weight w[t] (so that the mean is Σ loss / Σ weight), and y
    /// for the gradient. `w` may be null.
    fn cross_entropy<T>(
        loss: *mut T, weight: *mut T, y: *mut T, x: *const T, labels: *const i32, w: *const T,
        classes: usize, ignore: i32, smoothing: f64, begin: usize, end: usize,
    ) {
        let narrow = classes <= NARROW;
        if narrow {
            log_softmax_rows(y, x, classes, begin, end);
        }
        let mut r = begin;
        while r < end {
            let (x, y, label) = (x.add(r * classes), y.add(r * classes), *labels.add(r));
            if !narrow {
                let (max, sum) = row_exp_sum(core::ptr::null_mut(), x, classes, larger);
                let (max, sum) = (T::V::splat(max), log(T::V::splat(sum)));
                each_vector::<T>(0, classes, |i, count| store_n(load_n(x.add(i), count).sub(max).sub(sum), y.add(i), count));
            }
            if label == ignore {
                *loss.add(r) = T::ZERO;
                *weight.add(r) = T::ZERO;
            } else {
                let own = if w.is_null() { T::ONE } else { *w.add(label as usize) };
                let mut total = -(own * *y.add(label as usize));
                if smoothing != 0.0 {
                    let smooth = fold_row(classes, T::ZERO, |i, count| weights(w, i, count).mul(load_n(y.add(i), count)), |a, b| a.add(b));
                    total = total * T::from_f64(1.0 - smoothing) - smooth * T::from_f64(smoothing / classes as f64);
                }
                *loss.add(r) = total;
                *weight.add(r) = own;
            }
            r += 1;
        }
    }

    /// Gradient for the logits: `out = p Σ d − d` with p = exp(y), `d[c] = h (ε/C w[c] + (1 − ε) w[t] [c = t])`, where
    /// `h = g[r · stride] / total[0]`: stride 0 for one g for all rows; `total` may be null for 1.
    fn cross_entropy_grad<T>(
        out: *mut T, g: *const T, total: *const T, y: *const T, labels: *const i32, w: *const T,
        stride: usize, classes: usize, ignore: i32, smoothing: f64, begin: usize, end: usize,
    ) {
        let spread = if smoothing != 0.0 { T::from_f64(smoothing / classes as f64) } else { T::ZERO };
        let keep = T::from_f64(1.0 - smoothing);
        let share = if total.is_null() { T::ONE } else { T::ONE / *total };
        let mut smooth = T::ZERO;
        if smoothing != 0.0 {
            smooth = spread * fold_row(classes, T::ZERO, |i, count| weights(w, i, count), |a, b| a.add(b));
        }
        let narrow = classes <= NARROW;
        if narrow {
            exp_rows(out, y, classes, begin, end);
        }
        let mut r = begin;
        while r < end {
            let (out, y, label) = (out.add(r * classes), y.add(r * classes), *labels.add(r));
            if label == ignore {
                each_vector::<T>(0, classes, |i, count| store_n(T::V::splat(T::ZERO), out.add(i), count));
            } else {
                let own = if w.is_null() { T::ONE } else { *w.add(label as usize) };
                let g = *g.add(r * stride) * share;
                let sum = T::V::splat(g * (smooth + keep * own));
                let spread = T::V::splat(g * spread);
                each_vector::<T>(0, classes, |i, count| {
                    let p = (if narrow { load_n(out.add(i), count) } else { exp_falling(load_n(y.add(i), count)) }).mul(sum);
                    store_n(if smoothing != 0.0 { p.sub(weights(w, i, count).mul(spread)) } else { p }, out.add(i), count);
                });
                *out.add(label as usize) = *out.add(label as usize) - g * keep * own;
            }
            r += 1;
        }
    }
}

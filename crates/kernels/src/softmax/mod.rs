//! Softmax, its logarithm and their gradients over the middle axis of a contiguous `[outer, n, inner]` block.

mod cross_entropy;
mod narrow;

use crate::math::{exp, log};
use crate::reduce::{cascade, each_outer, each_vector, fold_row, load_n, store_n};
use crate::simd::{Real, Vector};

/// max x and Σ exp(x − max) of a row, for which `each(i, count, exp(x − max))` sees every part.
#[inline(always)]
pub(crate) unsafe fn row_exp_sum<T: Real>(x: *const T, n: usize, mut each: impl FnMut(usize, usize, T::V)) -> (T, T) {
    let max = fold_row(n, T::NEG_INFINITY, |i, count| load_n(x.add(i), count), |a, b| a.max(b));
    let shift = T::V::splat(max);
    let item = |i, count| {
        let e = exp(load_n(x.add(i), count).sub(shift));
        each(i, count, e);
        e
    };
    (max, fold_row(n, T::ZERO, item, |a, b| a.add(b)))
}

/// As [`row_exp_sum`] for the columns `j..j + count` of `[n, inner]`.
#[inline(always)]
unsafe fn column_exp_sum<T: Real>(x: *const T, n: usize, inner: usize, count: usize, mut each: impl FnMut(usize, T::V)) -> (T::V, T::V) {
    let at = |k: usize| load_n(x.add(k * inner), count);
    let max = cascade(n, T::V::splat(T::NEG_INFINITY), at, |a, b| a.max(b));
    let item = |k| {
        let e = exp(at(k).sub(max));
        each(k, e);
        e
    };
    (max, cascade(n, T::V::splat(T::ZERO), item, |a, b| a.add(b)))
}

/// Runs `row(offset)` for each lane if inner is 1, else `column(offset, count)` for vectors of lanes, `begin..end` of `[outer, inner]`.
#[inline(always)]
fn lanes<T: Real>(n: usize, inner: usize, begin: usize, end: usize, mut row: impl FnMut(usize), mut column: impl FnMut(usize, usize)) {
    if inner == 1 {
        let mut o = begin;
        while o < end {
            row(o * n);
            o += 1;
        }
        return;
    }
    each_outer(inner, begin, end, |o, lo, hi| {
        each_vector::<T>(lo, hi, |j, count| column(o * n * inner + j, count))
    });
}

/// out[k] = f(out[k] or another array's element k) down a column.
#[inline(always)]
fn each_row(n: usize, mut body: impl FnMut(usize)) {
    let mut k = 0;
    while k < n {
        body(k);
        k += 1;
    }
}

kernel! {
    /// out = exp(x) / Σ exp(x) over n, for the lanes `begin..end` of `[outer, inner]`. A lane of −∞ gives NaN, as in PyTorch.
    fn softmax<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        lanes::<T>(n, inner, begin, end, |at| {
            let (x, out) = (x.add(at), out.add(at));
            let (_, sum) = row_exp_sum(x, n, |i, count, e| store_n(e, out.add(i), count));
            let sum = T::V::splat(sum);
            each_vector::<T>(0, n, |i, count| store_n(load_n(out.add(i), count).div(sum), out.add(i), count));
        }, |at, count| {
            let (x, out) = (x.add(at), out.add(at));
            let (_, sum) = column_exp_sum(x, n, inner, count, |k, e| store_n(e, out.add(k * inner), count));
            each_row(n, |k| store_n(load_n(out.add(k * inner), count).div(sum), out.add(k * inner), count));
        })
    }

    /// out = x − max − ln Σ exp(x − max) over n.
    fn log_softmax<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        lanes::<T>(n, inner, begin, end, |at| {
            let (x, out) = (x.add(at), out.add(at));
            let (max, sum) = row_exp_sum(x, n, |_, _, _| ());
            let (max, sum) = (T::V::splat(max), log(T::V::splat(sum)));
            each_vector::<T>(0, n, |i, count| store_n(load_n(x.add(i), count).sub(max).sub(sum), out.add(i), count));
        }, |at, count| {
            let (x, out) = (x.add(at), out.add(at));
            let (max, sum) = column_exp_sum(x, n, inner, count, |_, _| ());
            let sum = log(sum);
            each_row(n, |k| store_n(load_n(x.add(k * inner), count).sub(max).sub(sum), out.add(k * inner), count));
        })
    }

    /// out = ln Σ exp(x) over n, shape `[outer, inner]`; −∞ if all are −∞ or n is 0, +∞ if any is +∞.
    fn logsumexp<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        // An infinite maximum is not subtracted: ∞ − ∞ would be NaN.
        let finite = |max: T::V| max.abs().eq(T::V::splat(T::INFINITY)).select(T::V::splat(T::ZERO), max);
        if inner == 1 {
            let mut o = begin;
            while o < end {
                let row = x.add(o * n);
                let max = finite(T::V::splat(fold_row(n, T::NEG_INFINITY, |i, count| load_n(row.add(i), count), |a, b| a.max(b))));
                let sum = fold_row(n, T::ZERO, |i, count| exp(load_n(row.add(i), count).sub(max)), |a, b| a.add(b));
                *out.add(o) = log(T::V::splat(sum)).add(max).first();
                o += 1;
            }
            return;
        }
        each_outer(inner, begin, end, |o, lo, hi| each_vector::<T>(lo, hi, |j, count| {
            let at = |k: usize| load_n(x.add((o * n + k) * inner + j), count);
            let max = finite(cascade(n, T::V::splat(T::NEG_INFINITY), at, |a, b| a.max(b)));
            let sum = cascade(n, T::V::splat(T::ZERO), |k| exp(at(k).sub(max)), |a, b| a.add(b));
            store_n(log(sum).add(max), out.add(o * inner + j), count);
        }));
    }

    /// Gradient of softmax: out = y · (g − Σ g·y) over n, with y the result of softmax.
    fn softmax_grad<T>(out: *mut T, g: *const T, y: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        let scaled = |at: usize, count: usize| load_n(g.add(at), count).mul(load_n(y.add(at), count));
        let write = |at: usize, count: usize, dot: T::V| store_n(load_n(y.add(at), count).mul(load_n(g.add(at), count).sub(dot)), out.add(at), count);
        lanes::<T>(n, inner, begin, end, |at| {
            let dot = T::V::splat(fold_row(n, T::ZERO, |i, count| scaled(at + i, count), |a, b| a.add(b)));
            each_vector::<T>(0, n, |i, count| write(at + i, count, dot));
        }, |at, count| {
            let dot = cascade(n, T::V::splat(T::ZERO), |k| scaled(at + k * inner, count), |a, b| a.add(b));
            each_row(n, |k| write(at + k * inner, count, dot));
        })
    }

    /// Gradient of log-softmax: out = g − exp(y) · Σ g over n, with y the result of log-softmax.
    fn log_softmax_grad<T>(out: *mut T, g: *const T, y: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        let write = |at: usize, count: usize, sum: T::V| store_n(load_n(g.add(at), count).sub(exp(load_n(y.add(at), count)).mul(sum)), out.add(at), count);
        lanes::<T>(n, inner, begin, end, |at| {
            let sum = T::V::splat(fold_row(n, T::ZERO, |i, count| load_n(g.add(at + i), count), |a, b| a.add(b)));
            each_vector::<T>(0, n, |i, count| write(at + i, count, sum));
        }, |at, count| {
            let sum = cascade(n, T::V::splat(T::ZERO), |k| load_n(g.add(at + k * inner), count), |a, b| a.add(b));
            each_row(n, |k| write(at + k * inner, count, sum));
        })
    }
}

#[cfg(test)]
mod tests;

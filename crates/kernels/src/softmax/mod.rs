//! Softmax, its logarithm and their gradients over the middle axis of a contiguous `[outer, n, inner]` block.

mod cross_entropy;
mod narrow;

use crate::math::{exp_falling, log};
use crate::reduce::{cascade, each_outer, each_vector, fold_row, keep_first, load_n, store_n};
use crate::simd::{Real, Vector};
use crate::tuning::{EXP_BLOCK, EXP_RUN};
use crate::unary::map1;

/// The larger of two; of a NaN nothing is seen where it does not matter, as the sum of the exponentials will be NaN too.
#[inline(always)]
pub(crate) fn larger<V: Vector>(a: V, b: V) -> V {
    a.at_least(b)
}

/// max x by `larger`, and Σ exp(x − max) of a row, whose exponentials go to `out` if it is not null.
#[inline(always)]
pub(crate) unsafe fn row_exp_sum<T: Real>(out: *mut T, x: *const T, n: usize, larger: fn(T::V, T::V) -> T::V) -> (T, T) {
    let max = fold_row(n, T::NEG_INFINITY, |i, count| load_n(x.add(i), count), larger);
    let part = |b: usize| {
        let (first, len) = (
            b * EXP_BLOCK,
            if n - b * EXP_BLOCK < EXP_BLOCK {
                n - b * EXP_BLOCK
            } else {
                EXP_BLOCK
            },
        );
        if out.is_null() {
            exp_block::<T, false>(out, x.add(first), len, T::V::splat(max))
        } else {
            exp_block::<T, true>(out.add(first), x.add(first), len, T::V::splat(max))
        }
    };
    let zero = T::V::splat(T::ZERO);
    (max, cascade(n.div_ceil(EXP_BLOCK), zero, part, |a, b| a.add(b)).sum_lanes())
}

/// The lanes of Σ exp(x − shift) for at most [`EXP_BLOCK`] elements.
#[inline(never)]
unsafe fn exp_block<T: Real, const STORE: bool>(out: *mut T, x: *const T, n: usize, shift: T::V) -> T::V {
    let lanes = T::V::LANES;
    let none = T::V::splat(T::ZERO);
    let (mut total, mut i) = (none, 0);
    while i + lanes <= n {
        let stop = if n - i < EXP_RUN { n } else { i + EXP_RUN };
        let mut run = none;
        while i + 4 * lanes <= stop {
            let e = [0, 1, 2, 3].map(|k| exp_falling(T::V::load(x.add(i).add(k * lanes)).sub(shift)));
            if STORE {
                for (k, e) in e.into_iter().enumerate() {
                    e.store(out.add(i).add(k * lanes));
                }
            }
            run = run.add(e[0].add(e[1]).add(e[2].add(e[3])));
            i += 4 * lanes;
        }
        while i + lanes <= stop {
            let e = exp_falling(T::V::load(x.add(i)).sub(shift));
            if STORE {
                e.store(out.add(i));
            }
            run = run.add(e);
            i += lanes;
        }
        total = total.add(run);
    }
    if i < n {
        let e = exp_falling(load_n(x.add(i), n - i).sub(shift));
        if STORE {
            store_n(e, out.add(i), n - i);
        }
        total = total.add(keep_first(e, n - i, T::ZERO));
    }
    total
}

/// As [`row_exp_sum`] for the columns `j..j + count` of `[n, inner]`.
#[inline(always)]
unsafe fn column_exp_sum<T: Real>(
    x: *const T,
    n: usize,
    inner: usize,
    count: usize,
    larger: fn(T::V, T::V) -> T::V,
    mut each: impl FnMut(usize, T::V),
) -> (T::V, T::V) {
    let at = |k: usize| load_n(x.add(k * inner), count);
    let max = cascade(n, T::V::splat(T::NEG_INFINITY), at, larger);
    let item = |k| {
        let e = exp_falling(at(k).sub(max));
        each(k, e);
        e
    };
    (max, cascade(n, T::V::splat(T::ZERO), item, |a, b| a.add(b)))
}

/// max + log Σ exp(x − max). Where the maximum is infinite so is the result, though x − max was NaN.
#[inline(always)]
fn log_total<V: Vector>(max: V, sum: V) -> V {
    max.abs().eq(V::splat(V::E::INFINITY)).select(max, log(sum).add(max))
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
            let (_, sum) = row_exp_sum(out, x, n, larger);
            let share = T::V::splat(T::ONE / sum);
            map1(out, out, 0, n, |v| v.mul(share));
        }, |at, count| {
            let (x, out) = (x.add(at), out.add(at));
            let (_, sum) = column_exp_sum(x, n, inner, count, larger, |k, e| store_n(e, out.add(k * inner), count));
            let share = T::V::splat(T::ONE).div(sum);
            each_row(n, |k| store_n(load_n(out.add(k * inner), count).mul(share), out.add(k * inner), count));
        })
    }

    /// out = x − max − ln Σ exp(x − max) over n.
    fn log_softmax<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        lanes::<T>(n, inner, begin, end, |at| {
            let (x, out) = (x.add(at), out.add(at));
            let (max, sum) = row_exp_sum(core::ptr::null_mut(), x, n, larger);
            let (max, sum) = (T::V::splat(max), log(T::V::splat(sum)));
            each_vector::<T>(0, n, |i, count| store_n(load_n(x.add(i), count).sub(max).sub(sum), out.add(i), count));
        }, |at, count| {
            let (x, out) = (x.add(at), out.add(at));
            let (max, sum) = column_exp_sum(x, n, inner, count, larger, |_, _| ());
            let sum = log(sum);
            each_row(n, |k| store_n(load_n(x.add(k * inner), count).sub(max).sub(sum), out.add(k * inner), count));
        })
    }

    /// out = ln Σ exp(x) over n, shape `[outer, inner]`; −∞ if all are −∞ or n is 0, +∞ if any is +∞.
    fn logsumexp<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        if inner == 1 {
            let mut o = begin;
            while o < end {
                let (max, sum) = row_exp_sum(core::ptr::null_mut(), x.add(o * n), n, |a, b| a.greater_or_nan(b));
                *out.add(o) = log_total(T::V::splat(max), T::V::splat(sum)).first();
                o += 1;
            }
            return;
        }
        each_outer(inner, begin, end, |o, lo, hi| each_vector::<T>(lo, hi, |j, count| {
            let (max, sum) = column_exp_sum(x.add(o * n * inner + j), n, inner, count, |a, b| a.greater_or_nan(b), |_, _| ());
            store_n(log_total(max, sum), out.add(o * inner + j), count);
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
        let write = |at: usize, count: usize, sum: T::V| store_n(load_n(g.add(at), count).sub(exp_falling(load_n(y.add(at), count)).mul(sum)), out.add(at), count);
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

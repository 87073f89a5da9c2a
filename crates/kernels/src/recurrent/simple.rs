//! h' = f(W x + b + W' h + b'), f either tanh or relu.

use super::{activate, by_width, copy_row, each_chunk, multiply, recur, start_gradient, Optional, Rows, Sequence, Step};
use crate::math::gates;
use crate::reduce::{load_n, store_n};
use crate::simd::{Real, Vector};

kernel! {
    /// `y` holds W x + b and gets the state after each step; `last` the one after each sequence's last step. `weight`
    /// is W'ᵀ, packed; `h0` (zeros) and `bias`, b', may be null. `kind`: 0 tanh, 1 relu. The range counts sequences.
    fn recurrent_simple<T>(
        y: *mut T, last: *mut T, h0: *const T, weight: *const T, bias: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, kind: u32, begin: usize, end: usize,
    ) {
        let sequence = Sequence { sizes, steps, batch, reverse: reverse != 0 };
        let mut i = 0;
        while i < steps {
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            recur(&step, Rows { p: y, stride: hidden }, true, y, h0, weight, (hidden, hidden), lo, hi);
            by_width!(hidden, forward::<T>(y.add((step.row + lo) * hidden), bias, kind, hidden, hi - lo));
            let mut b = lo.max(step.after_count);
            while b < hi {
                copy_row(last.add(b * hidden), y.add((step.row + b) * hidden), hidden);
                b += 1;
            }
            i += 1;
        }
    }

    /// `dgates` gets the gradient of W x + b, `gh` that of h0. `gy` and `glast`, those of the results, may be null
    /// for zeros; `weight` is W', packed.
    fn recurrent_simple_grad<T>(
        dgates: *mut T, gh: *mut T, gy: *const T, glast: *const T, y: *const T, weight: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, kind: u32, begin: usize, end: usize,
    ) {
        let sequence = Sequence { sizes, steps, batch, reverse: reverse != 0 };
        start_gradient(gh, glast, hidden, begin, end);
        let mut i = steps;
        while i > 0 {
            i -= 1;
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            by_width!(hidden, backward::<T>(&step, dgates, gh, gy, y, kind, hidden, lo, hi));
            let d = dgates.add((step.row + lo) * hidden);
            multiply(gh.add(lo * hidden), hidden, d, hidden, weight, hi - lo, hidden, hidden, false);
        }
    }
}

/// From sums to states, in place.
#[inline(never)]
unsafe fn forward<T: Real, const WHOLE: bool>(y: *mut T, bias: *const T, kind: u32, hidden: usize, rows: usize) {
    let bias = Optional::new(bias, 0);
    let zero = T::V::splat(T::ZERO);
    let mut b = 0;
    while b < rows {
        let row = y.add(b * hidden);
        if kind == 0 {
            activate::<T, WHOLE>(row, bias, hidden, gates::tanh);
        } else {
            activate::<T, WHOLE>(row, bias, hidden, |v| v.lt(zero).select(zero, v));
        }
        b += 1;
    }
}

/// The gradients of the sums of the sequences `lo..hi`.
#[inline(never)]
unsafe fn backward<T: Real, const WHOLE: bool>(
    step: &Step,
    dgates: *mut T,
    gh: *const T,
    gy: *const T,
    y: *const T,
    kind: u32,
    hidden: usize,
    lo: usize,
    hi: usize,
) {
    let (zero, one) = (T::V::splat(T::ZERO), T::V::splat(T::ONE));
    let mut b = lo;
    while b < hi {
        let at = (step.row + b) * hidden;
        let (y, d, gh, gy) = (y.add(at), dgates.add(at), gh.add(b * hidden), Optional::new(gy, at));
        each_chunk::<T, WHOLE>(hidden, |j, count| {
            let g = load_n(gh.add(j), count).add(gy.load(j, count));
            let y = load_n(y.add(j), count);
            let slope = if kind == 0 {
                g.mul(one.sub(y.mul(y)))
            } else {
                y.le(zero).select(zero, g)
            };
            store_n(slope, d.add(j), count);
        });
        b += 1;
    }
}

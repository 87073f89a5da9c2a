//! h' = f(W x + b + W' h + b'), f either tanh or relu.

use super::{activate, by_width, each_chunk, start_gradient, Given, Optional, Rows, Sequence, Step};
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
        Sequence::new(sizes, steps, batch, hidden, reverse).forward(begin, end, |step| {
            step.recur(Rows { p: y, stride: hidden }, hidden, true, y, h0, weight);
            by_width!(hidden, forward::<T>(step, y, bias, kind));
            step.keep_last(last, y);
        });
    }

    /// `dgates` gets the gradient of W x + b, `gh` that of h0. `gy` (`gy_step` from step to step, or row to row of packed
    /// sequences, and `gy_row` from sequence to sequence) and `glast`, the gradients of the results, may be null for zeros, and
    /// so may `h0`: then `gh` stays unfinished. `weight` is W', packed.
    fn recurrent_simple_grad<T>(
        dgates: *mut T, gh: *mut T, gy: *const T, gy_step: usize, gy_row: usize, glast: *const T, y: *const T,
        h0: *const T, weight: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, kind: u32, begin: usize, end: usize,
    ) {
        let gy = Given { p: gy, step: gy_step, row: gy_row };
        start_gradient(gh, glast, hidden, begin, end);
        Sequence::new(sizes, steps, batch, hidden, reverse).backward(begin, end, |step| {
            by_width!(hidden, backward::<T>(step, dgates, gh, gy, y, kind));
            step.recur_grad(gh, false, Rows { p: dgates, stride: hidden }, hidden, weight, !h0.is_null());
        });
    }
}

/// From sums to states, in place.
#[inline(never)]
unsafe fn forward<T: Real, const WHOLE: bool>(step: &Step, y: *mut T, bias: *const T, kind: u32) {
    let bias = Optional::new(bias, 0);
    let zero = T::V::splat(T::ZERO);
    let mut b = step.lo;
    while b < step.hi {
        let row = y.add((step.row + b) * step.hidden);
        if kind == 0 {
            activate::<T, WHOLE>(row, bias, step.hidden, gates::tanh);
        } else {
            activate::<T, WHOLE>(row, bias, step.hidden, |v| v.lt(zero).select(zero, v));
        }
        b += 1;
    }
}

/// The gradients of the sums.
#[inline(never)]
unsafe fn backward<T: Real, const WHOLE: bool>(step: &Step, dgates: *mut T, gh: *const T, gy: Given<T>, y: *const T, kind: u32) {
    let hidden = step.hidden;
    let (zero, one) = (T::V::splat(T::ZERO), T::V::splat(T::ONE));
    let mut b = step.lo;
    while b < step.hi {
        let at = (step.row + b) * hidden;
        let (y, d, gh, gy) = (y.add(at), dgates.add(at), gh.add(b * hidden), gy.at(step, b));
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

//! h' = f(W x + b + W' h + b'), f either tanh or relu.

use super::{copy_row, each_chunk, load_or_zero, multiply, recur, start_gradient, Rows, Sequence};
use crate::math;
use crate::reduce::{load_n, store_n};
use crate::simd::Vector;

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
            let mut b = lo;
            while b < hi {
                let row = y.add((step.row + b) * hidden);
                each_chunk::<T>(hidden, |j, count| {
                    let v = load_n(row.add(j), count).add(load_or_zero(bias, j, count));
                    let v = if kind == 0 { math::tanh(v) } else { v.lt(T::V::splat(T::ZERO)).select(T::V::splat(T::ZERO), v) };
                    store_n(v, row.add(j), count);
                });
                if b >= step.after_count {
                    copy_row(last.add(b * hidden), row, hidden);
                }
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
            let mut b = lo;
            while b < hi {
                let (at, gh) = ((step.row + b) * hidden, gh.add(b * hidden));
                let (y, d) = (y.add(at), dgates.add(at));
                let gy = if gy.is_null() { gy } else { gy.add(at) };
                each_chunk::<T>(hidden, |j, count| {
                    let g = load_n(gh.add(j), count).add(load_or_zero(gy, j, count));
                    let y = load_n(y.add(j), count);
                    let slope = if kind == 0 {
                        g.mul(T::V::splat(T::ONE).sub(y.mul(y)))
                    } else {
                        y.le(T::V::splat(T::ZERO)).select(T::V::splat(T::ZERO), g)
                    };
                    store_n(slope, d.add(j), count);
                });
                b += 1;
            }
            let d = dgates.add((step.row + lo) * hidden);
            multiply(gh.add(lo * hidden), hidden, d, hidden, weight, hi - lo, hidden, hidden, false);
        }
    }
}

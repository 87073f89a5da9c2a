//! Gated recurrent unit: r, z = σ(…); n = tanh(W x + b + r (W' h + b')); h' = n + z (h − n).
//!
//! Rows over time have four parts: r, z, n, and m = W' h + b' of the last.

use super::{copy_row, each_chunk, load_or_zero, multiply, recur, start_gradient, Rows, Sequence};
use crate::math;
use crate::reduce::{load_n, store_n};
use crate::simd::Vector;

kernel! {
    /// The first three parts of `gates` hold W x + b and get r, z and n, the fourth gets m; `y` gets h after each step and
    /// `last` that after each sequence's last one. `weight` is W'ᵀ, packed: columns of r and z at `weight`, of n at `weight_n`.
    /// `h0` (zeros) and `bias`, b', may be null. The range counts sequences.
    fn recurrent_gru<T>(
        y: *mut T, last: *mut T, gates: *mut T, h0: *const T, weight: *const T, weight_n: *const T, bias: *const T,
        sizes: *const i32, steps: usize, batch: usize, hidden: usize, reverse: u32, begin: usize, end: usize,
    ) {
        let sequence = Sequence { sizes, steps, batch, reverse: reverse != 0 };
        let stride = 4 * hidden;
        let mut i = 0;
        while i < steps {
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            recur(&step, Rows { p: gates, stride }, true, y, h0, weight, (2 * hidden, hidden), lo, hi);
            recur(&step, Rows { p: gates.add(3 * hidden), stride }, false, y, h0, weight_n, (hidden, hidden), lo, hi);
            let mut b = lo;
            while b < hi {
                let before = step.state(y, h0, b, hidden);
                let row = step.row + b;
                let (gates, out) = (gates.add(row * stride), y.add(row * hidden));
                each_chunk::<T>(hidden, |j, count| {
                    let at = |q: usize| gates.add(q * hidden + j);
                    let shift = |q: usize| load_or_zero(bias, q * hidden + j, count);
                    let sum = |q: usize| load_n(at(q), count).add(shift(q));
                    let (r, z) = (math::sigmoid(sum(0)), math::sigmoid(sum(1)));
                    // Nothing was written there for a sequence that starts from zeros.
                    let m = if before.is_null() { shift(2) } else { load_n(at(3), count).add(shift(2)) };
                    let n = math::tanh(load_n(at(2), count).add(r.mul(m)));
                    store_n(r, at(0), count);
                    store_n(z, at(1), count);
                    store_n(n, at(2), count);
                    store_n(m, at(3), count);
                    store_n(n.add(z.mul(load_or_zero(before, j, count).sub(n))), out.add(j), count);
                });
                if b >= step.after_count {
                    copy_row(last.add(b * hidden), out, hidden);
                }
                b += 1;
            }
            i += 1;
        }
    }

    /// `dgates` gets the gradients of W x + b (three parts) and of m, `gh` that of h0. `gy` and `glast`, those of the
    /// results, and `h0` may be null for zeros; `weight` is W', packed: rows of r and z at `weight`, of n at `weight_n`.
    fn recurrent_gru_grad<T>(
        dgates: *mut T, gh: *mut T, gy: *const T, glast: *const T, gates: *const T, y: *const T, h0: *const T,
        weight: *const T, weight_n: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, begin: usize, end: usize,
    ) {
        let sequence = Sequence { sizes, steps, batch, reverse: reverse != 0 };
        let one = T::V::splat(T::ONE);
        let stride = 4 * hidden;
        start_gradient(gh, glast, hidden, begin, end);
        let mut i = steps;
        while i > 0 {
            i -= 1;
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            let mut b = lo;
            while b < hi {
                let before = step.state(y, h0, b, hidden);
                let row = step.row + b;
                let (gates, d, gh) = (gates.add(row * stride), dgates.add(row * stride), gh.add(b * hidden));
                let gy = if gy.is_null() { gy } else { gy.add(row * hidden) };
                each_chunk::<T>(hidden, |j, count| {
                    let gate = |q: usize| load_n(gates.add(q * hidden + j), count);
                    let (r, z, n, m) = (gate(0), gate(1), gate(2), gate(3));
                    let dh = load_n(gh.add(j), count).add(load_or_zero(gy, j, count));
                    let dn = dh.mul(one.sub(z)).mul(one.sub(n.mul(n)));
                    let put = |q: usize, v: T::V| store_n(v, d.add(q * hidden + j), count);
                    put(0, dn.mul(m).mul(r.mul(one.sub(r))));
                    put(1, dh.mul(load_or_zero(before, j, count).sub(n)).mul(z.mul(one.sub(z))));
                    put(2, dn);
                    put(3, dn.mul(r));
                    store_n(dh.mul(z), gh.add(j), count);
                });
                b += 1;
            }
            let (d, g) = (dgates.add((step.row + lo) * stride), gh.add(lo * hidden));
            multiply(g, hidden, d, stride, weight, hi - lo, hidden, 2 * hidden, true);
            multiply(g, hidden, d.add(3 * hidden), stride, weight_n, hi - lo, hidden, hidden, true);
        }
    }
}

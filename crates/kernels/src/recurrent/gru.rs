//! Gated recurrent unit: r, z = σ(…); n = tanh(W x + b + r (W' h + b')); h' = n + z (h − n).
//!
//! Rows over time have four parts: r, z, n, and m = W' h + b' of the last.

use super::{activate, by_width, copy_row, each_chunk, multiply, recur, start_gradient, Optional, Rows, Sequence, Step};
use crate::math::gates;
use crate::reduce::{load_n, store_n};
use crate::simd::{Real, Vector};

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
            by_width!(hidden, forward::<T>(&step, y, gates, h0, bias, hidden, lo, hi));
            let mut b = lo.max(step.after_count);
            while b < hi {
                copy_row(last.add(b * hidden), y.add((step.row + b) * hidden), hidden);
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
        let stride = 4 * hidden;
        start_gradient(gh, glast, hidden, begin, end);
        let mut i = steps;
        while i > 0 {
            i -= 1;
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            by_width!(hidden, backward::<T>(&step, dgates, gh, gy, gates, y, h0, hidden, lo, hi));
            let (d, g) = (dgates.add((step.row + lo) * stride), gh.add(lo * hidden));
            multiply(g, hidden, d, stride, weight, hi - lo, hidden, 2 * hidden, true);
            multiply(g, hidden, d.add(3 * hidden), stride, weight_n, hi - lo, hidden, hidden, true);
        }
    }
}

/// From the sums in `gates` to gates and states of the sequences `lo..hi`.
#[inline(never)]
unsafe fn forward<T: Real, const WHOLE: bool>(
    step: &Step,
    y: *mut T,
    gates: *mut T,
    h0: *const T,
    bias: *const T,
    hidden: usize,
    lo: usize,
    hi: usize,
) {
    let mut b = lo;
    while b < hi {
        let before = step.state(y, h0, b, hidden);
        let row = step.row + b;
        let (gates, out) = (gates.add(row * 4 * hidden), y.add(row * hidden));
        activate::<T, WHOLE>(gates, Optional::new(bias, 0), 2 * hidden, gates::sigmoid);
        let bias = Optional::new(bias, 2 * hidden);
        if before.step == 0 {
            copy_row(gates.add(3 * hidden), core::ptr::null(), hidden); // no product was written there
        }
        each_chunk::<T, WHOLE>(hidden, |j, count| {
            let at = |q: usize| gates.add(q * hidden + j);
            let m = load_n(at(3), count).add(bias.load(j, count));
            let n = gates::tanh(load_n(at(2), count).add(load_n(at(0), count).mul(m)));
            let h = n.add(load_n(at(1), count).mul(before.load(j, count).sub(n)));
            store_n(n, at(2), count);
            store_n(m, at(3), count);
            store_n(h, out.add(j), count);
        });
        b += 1;
    }
}

/// The gradients of the sums of the sequences `lo..hi`; `gh` keeps what goes past them to the state before.
#[inline(never)]
unsafe fn backward<T: Real, const WHOLE: bool>(
    step: &Step,
    dgates: *mut T,
    gh: *mut T,
    gy: *const T,
    gates: *const T,
    y: *const T,
    h0: *const T,
    hidden: usize,
    lo: usize,
    hi: usize,
) {
    let one = T::V::splat(T::ONE);
    let mut b = lo;
    while b < hi {
        let before = step.state(y, h0, b, hidden);
        let row = step.row + b;
        let (gates, d) = (gates.add(row * 4 * hidden), dgates.add(row * 4 * hidden));
        let (gh, gy) = (gh.add(b * hidden), Optional::new(gy, row * hidden));
        each_chunk::<T, WHOLE>(hidden, |j, count| {
            let gate = |q: usize| load_n(gates.add(q * hidden + j), count);
            let (r, z, n, m) = (gate(0), gate(1), gate(2), gate(3));
            let dh = load_n(gh.add(j), count).add(gy.load(j, count));
            let dn = dh.mul(one.sub(z)).mul(one.sub(n.mul(n)));
            let put = |q: usize, v: T::V| store_n(v, d.add(q * hidden + j), count);
            put(0, dn.mul(m).mul(r.mul(one.sub(r))));
            put(1, dh.mul(before.load(j, count).sub(n)).mul(z.mul(one.sub(z))));
            put(2, dn);
            put(3, dn.mul(r));
            store_n(dh.mul(z), gh.add(j), count);
        });
        b += 1;
    }
}

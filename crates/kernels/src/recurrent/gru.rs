//! Gated recurrent unit: r, z = σ(…); n = tanh(W x + b + r (W' h + b')); h' = n + z (h − n).
//!
//! Rows over time have four parts: r, z, n, and m = W' h + b' of the last.

use super::{activate, by_width, copy_row, each_chunk, start_gradient, Given, Optional, Rows, Sequence, Step};
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
        let rows = |part: usize| Rows { p: gates.add(part * hidden), stride: 4 * hidden };
        Sequence::new(sizes, steps, batch, hidden, reverse).forward(begin, end, |step| {
            step.recur(rows(0), 2 * hidden, true, y, h0, weight);
            step.recur(rows(3), hidden, false, y, h0, weight_n);
            by_width!(hidden, forward::<T>(step, y, gates, h0, bias));
            step.keep_last(last, y);
        });
    }

    /// `dgates` gets the gradients of W x + b (three parts) and of m, `gh` that of h0. `gy` (`gy_step` from step to step, or
    /// row to row of packed sequences, and `gy_row` from sequence to sequence) and `glast`, the gradients of the results,
    /// may be null for zeros, and so may `h0`: then `gh` stays unfinished. `weight` is W', packed: rows of r and z at
    /// `weight`, of n at `weight_n`.
    fn recurrent_gru_grad<T>(
        dgates: *mut T, gh: *mut T, gy: *const T, gy_step: usize, gy_row: usize, glast: *const T, gates: *const T,
        y: *const T, h0: *const T, weight: *const T, weight_n: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, begin: usize, end: usize,
    ) {
        let gy = Given { p: gy, step: gy_step, row: gy_row };
        let rows = |part: usize| Rows { p: dgates.add(part * hidden), stride: 4 * hidden };
        start_gradient(gh, glast, hidden, begin, end);
        Sequence::new(sizes, steps, batch, hidden, reverse).backward(begin, end, |step| {
            by_width!(hidden, backward::<T>(step, dgates, gh, gy, gates, y, h0));
            step.recur_grad(gh, true, rows(0), 2 * hidden, weight, !h0.is_null());
            step.recur_grad(gh, true, rows(3), hidden, weight_n, !h0.is_null());
        });
    }
}

/// From the sums in `gates` to gates and states.
#[inline(never)]
unsafe fn forward<T: Real, const WHOLE: bool>(step: &Step, y: *mut T, gates: *mut T, h0: *const T, bias: *const T) {
    let hidden = step.hidden;
    let mut b = step.lo;
    while b < step.hi {
        let before = step.state(y, h0, b);
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

/// The gradients of the sums; `gh` keeps what goes past them to the state before.
#[inline(never)]
unsafe fn backward<T: Real, const WHOLE: bool>(
    step: &Step,
    dgates: *mut T,
    gh: *mut T,
    gy: Given<T>,
    gates: *const T,
    y: *const T,
    h0: *const T,
) {
    let hidden = step.hidden;
    let one = T::V::splat(T::ONE);
    let mut b = step.lo;
    while b < step.hi {
        let before = step.state(y, h0, b);
        let row = step.row + b;
        let (gates, d) = (gates.add(row * 4 * hidden), dgates.add(row * 4 * hidden));
        let (gh, gy) = (gh.add(b * hidden), gy.at(step, b));
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

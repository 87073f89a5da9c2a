//! Long short-term memory: gates i, f, o = σ(…), g = tanh(…); c' = f c + i g; h' = o tanh(c').

use super::{activate, by_width, each_chunk, start_gradient, Given, Optional, Rows, Sequence, Step};
use crate::math::gates;
use crate::reduce::{load_n, store_n};
use crate::simd::{Real, Vector};

kernel! {
    /// `gates`, a row i, f, g, o for each step, holds W x + b and gets the gates; `cells` gets c and `y` h after each step,
    /// `last` and `last_cell` those after each sequence's last one. `weight` is W'ᵀ, packed; `h0` and `c0` (zeros) and
    /// `bias`, b', may be null. The range counts sequences.
    fn recurrent_lstm<T>(
        y: *mut T, last: *mut T, last_cell: *mut T, gates: *mut T, cells: *mut T, h0: *const T, c0: *const T,
        weight: *const T, bias: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, begin: usize, end: usize,
    ) {
        Sequence::new(sizes, steps, batch, hidden, reverse).forward(begin, end, |step| {
            step.recur(Rows { p: gates, stride: 4 * hidden }, 4 * hidden, true, y, h0, weight);
            by_width!(hidden, forward::<T>(step, y, gates, cells, c0, bias));
            step.keep_last(last, y);
            step.keep_last(last_cell, cells);
        });
    }

    /// `dgates` gets the gradient of W x + b, `gh` and `gc` those of h0 and c0. `gy` (`gy_step` from step to step, or row to
    /// row of packed sequences, and `gy_row` from sequence to sequence), `glast` and `glast_cell`, the gradients of the
    /// results, may be null for zeros, and so may `c0`: then `gh` stays unfinished. `weight` is W', packed.
    fn recurrent_lstm_grad<T>(
        dgates: *mut T, gh: *mut T, gc: *mut T, gy: *const T, gy_step: usize, gy_row: usize, glast: *const T,
        glast_cell: *const T, gates: *const T, y: *const T, cells: *const T, c0: *const T, weight: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, begin: usize, end: usize,
    ) {
        let gy = Given { p: gy, step: gy_step, row: gy_row };
        start_gradient(gh, glast, hidden, begin, end);
        start_gradient(gc, glast_cell, hidden, begin, end);
        Sequence::new(sizes, steps, batch, hidden, reverse).backward(begin, end, |step| {
            by_width!(hidden, backward::<T>(step, dgates, gh, gc, gy, gates, y, cells, c0));
            let d = Rows { p: dgates, stride: 4 * hidden };
            step.recur_grad(gh, false, d, 4 * hidden, weight, !c0.is_null());
        });
    }
}

/// From the sums in `gates` to gates, cells and states.
#[inline(never)]
unsafe fn forward<T: Real, const WHOLE: bool>(step: &Step, y: *mut T, gates: *mut T, cells: *mut T, c0: *const T, bias: *const T) {
    let hidden = step.hidden;
    let mut b = step.lo;
    while b < step.hi {
        let before = step.state(cells, c0, b);
        let row = step.row + b;
        let (gates, cell, out) = (gates.add(row * 4 * hidden), cells.add(row * hidden), y.add(row * hidden));
        activate::<T, WHOLE>(gates, Optional::new(bias, 0), 2 * hidden, gates::sigmoid);
        activate::<T, WHOLE>(gates.add(2 * hidden), Optional::new(bias, 2 * hidden), hidden, gates::tanh);
        activate::<T, WHOLE>(gates.add(3 * hidden), Optional::new(bias, 3 * hidden), hidden, gates::sigmoid);
        each_chunk::<T, WHOLE>(hidden, |j, count| {
            let gate = |q: usize| load_n(gates.add(q * hidden + j), count);
            let c = gate(1).mul(before.load(j, count)).add(gate(0).mul(gate(2)));
            store_n(c, cell.add(j), count);
            store_n(gate(3).mul(gates::tanh(c)), out.add(j), count);
        });
        b += 1;
    }
}

/// The gradients of the sums, and of the cells before the step.
#[inline(never)]
unsafe fn backward<T: Real, const WHOLE: bool>(
    step: &Step,
    dgates: *mut T,
    gh: *const T,
    gc: *mut T,
    gy: Given<T>,
    gates: *const T,
    y: *const T,
    cells: *const T,
    c0: *const T,
) {
    let hidden = step.hidden;
    let one = T::V::splat(T::ONE);
    let mut b = step.lo;
    while b < step.hi {
        let before = step.state(cells, c0, b);
        let row = step.row + b;
        let (gates, d, y) = (gates.add(row * 4 * hidden), dgates.add(row * 4 * hidden), y.add(row * hidden));
        let (gh, gc, gy) = (gh.add(b * hidden), gc.add(b * hidden), gy.at(step, b));
        each_chunk::<T, WHOLE>(hidden, |j, count| {
            let gate = |q: usize| load_n(gates.add(q * hidden + j), count);
            let (i, f, g, o) = (gate(0), gate(1), gate(2), gate(3));
            let dh = load_n(gh.add(j), count).add(gy.load(j, count));
            let t = gates::tanh_behind(load_n(y.add(j), count), o);
            let dc = load_n(gc.add(j), count).add(dh.mul(o).mul(one.sub(t.mul(t))));
            let put = |q: usize, v: T::V| store_n(v, d.add(q * hidden + j), count);
            put(0, dc.mul(g).mul(i.mul(one.sub(i))));
            put(1, dc.mul(before.load(j, count)).mul(f.mul(one.sub(f))));
            put(2, dc.mul(i).mul(one.sub(g.mul(g))));
            put(3, dh.mul(t).mul(o.mul(one.sub(o))));
            store_n(dc.mul(f), gc.add(j), count);
        });
        b += 1;
    }
}

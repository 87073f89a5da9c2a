//! Long short-term memory: gates i, f, o = σ(…), g = tanh(…); c' = f c + i g; h' = o tanh(c').

use super::{activate, by_width, copy_row, each_chunk, multiply, recur, start_gradient, Optional, Rows, Sequence, Step};
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
        let sequence = Sequence { sizes, steps, batch, reverse: reverse != 0 };
        let mut i = 0;
        while i < steps {
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            recur(&step, Rows { p: gates, stride: 4 * hidden }, true, y, h0, weight, (4 * hidden, hidden), lo, hi);
            by_width!(hidden, forward::<T>(&step, y, gates, cells, c0, bias, hidden, lo, hi));
            let mut b = lo.max(step.after_count);
            while b < hi {
                copy_row(last.add(b * hidden), y.add((step.row + b) * hidden), hidden);
                copy_row(last_cell.add(b * hidden), cells.add((step.row + b) * hidden), hidden);
                b += 1;
            }
            i += 1;
        }
    }

    /// `dgates` gets the gradient of W x + b, `gh` and `gc` those of h0 and c0. `gy`, `glast` and `glast_cell`, those of
    /// the results, and `c0` may be null for zeros; `weight` is W', packed.
    fn recurrent_lstm_grad<T>(
        dgates: *mut T, gh: *mut T, gc: *mut T, gy: *const T, glast: *const T, glast_cell: *const T,
        gates: *const T, cells: *const T, c0: *const T, weight: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, begin: usize, end: usize,
    ) {
        let sequence = Sequence { sizes, steps, batch, reverse: reverse != 0 };
        start_gradient(gh, glast, hidden, begin, end);
        start_gradient(gc, glast_cell, hidden, begin, end);
        let mut i = steps;
        while i > 0 {
            i -= 1;
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            by_width!(hidden, backward::<T>(&step, dgates, gh, gc, gy, gates, cells, c0, hidden, lo, hi));
            let d = dgates.add((step.row + lo) * 4 * hidden);
            multiply(gh.add(lo * hidden), hidden, d, 4 * hidden, weight, hi - lo, hidden, 4 * hidden, false);
        }
    }
}

/// From the sums in `gates` to gates, cells and states of the sequences `lo..hi`.
#[inline(never)]
unsafe fn forward<T: Real, const WHOLE: bool>(
    step: &Step,
    y: *mut T,
    gates: *mut T,
    cells: *mut T,
    c0: *const T,
    bias: *const T,
    hidden: usize,
    lo: usize,
    hi: usize,
) {
    let mut b = lo;
    while b < hi {
        let before = step.state(cells, c0, b, hidden);
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

/// The gradients of the sums, and of the cells before the step, of the sequences `lo..hi`.
#[inline(never)]
unsafe fn backward<T: Real, const WHOLE: bool>(
    step: &Step,
    dgates: *mut T,
    gh: *const T,
    gc: *mut T,
    gy: *const T,
    gates: *const T,
    cells: *const T,
    c0: *const T,
    hidden: usize,
    lo: usize,
    hi: usize,
) {
    let one = T::V::splat(T::ONE);
    let mut b = lo;
    while b < hi {
        let before = step.state(cells, c0, b, hidden);
        let row = step.row + b;
        let (gates, d, cell) = (gates.add(row * 4 * hidden), dgates.add(row * 4 * hidden), cells.add(row * hidden));
        let (gh, gc, gy) = (gh.add(b * hidden), gc.add(b * hidden), Optional::new(gy, row * hidden));
        each_chunk::<T, WHOLE>(hidden, |j, count| {
            let gate = |q: usize| load_n(gates.add(q * hidden + j), count);
            let (i, f, g, o) = (gate(0), gate(1), gate(2), gate(3));
            let dh = load_n(gh.add(j), count).add(gy.load(j, count));
            let t = gates::tanh(load_n(cell.add(j), count));
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

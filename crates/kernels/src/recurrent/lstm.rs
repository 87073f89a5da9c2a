//! Long short-term memory: gates i, f, o = σ(…), g = tanh(…); c' = f c + i g; h' = o tanh(c').

use super::{copy_row, each_chunk, load_or_zero, multiply, recur, start_gradient, Rows, Sequence};
use crate::math;
use crate::reduce::{load_n, store_n};
use crate::simd::Vector;

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
            let mut b = lo;
            while b < hi {
                let before = step.state(cells, c0, b, hidden);
                let row = step.row + b;
                let (gates, cell, out) = (gates.add(row * 4 * hidden), cells.add(row * hidden), y.add(row * hidden));
                each_chunk::<T>(hidden, |j, count| {
                    let at = |q: usize| gates.add(q * hidden + j);
                    let sum = |q: usize| load_n(at(q), count).add(load_or_zero(bias, q * hidden + j, count));
                    let (i, f) = (math::sigmoid(sum(0)), math::sigmoid(sum(1)));
                    let (g, o) = (math::tanh(sum(2)), math::sigmoid(sum(3)));
                    let c = f.mul(load_or_zero(before, j, count)).add(i.mul(g));
                    store_n(i, at(0), count);
                    store_n(f, at(1), count);
                    store_n(g, at(2), count);
                    store_n(o, at(3), count);
                    store_n(c, cell.add(j), count);
                    store_n(o.mul(math::tanh(c)), out.add(j), count);
                });
                if b >= step.after_count {
                    copy_row(last.add(b * hidden), out, hidden);
                    copy_row(last_cell.add(b * hidden), cell, hidden);
                }
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
        let one = T::V::splat(T::ONE);
        start_gradient(gh, glast, hidden, begin, end);
        start_gradient(gc, glast_cell, hidden, begin, end);
        let mut i = steps;
        while i > 0 {
            i -= 1;
            let step = sequence.step(i);
            let (lo, hi) = (begin, end.min(step.count).max(begin));
            let mut b = lo;
            while b < hi {
                let before = step.state(cells, c0, b, hidden);
                let row = step.row + b;
                let (gates, d, cell) = (gates.add(row * 4 * hidden), dgates.add(row * 4 * hidden), cells.add(row * hidden));
                let (gh, gc) = (gh.add(b * hidden), gc.add(b * hidden));
                let gy = if gy.is_null() { gy } else { gy.add(row * hidden) };
                each_chunk::<T>(hidden, |j, count| {
                    let gate = |q: usize| load_n(gates.add(q * hidden + j), count);
                    let (i, f, g, o) = (gate(0), gate(1), gate(2), gate(3));
                    let dh = load_n(gh.add(j), count).add(load_or_zero(gy, j, count));
                    let t = math::tanh(load_n(cell.add(j), count));
                    let dc = load_n(gc.add(j), count).add(dh.mul(o).mul(one.sub(t.mul(t))));
                    let put = |q: usize, v: T::V| store_n(v, d.add(q * hidden + j), count);
                    put(0, dc.mul(g).mul(i.mul(one.sub(i))));
                    put(1, dc.mul(load_or_zero(before, j, count)).mul(f.mul(one.sub(f))));
                    put(2, dc.mul(i).mul(one.sub(g.mul(g))));
                    put(3, dh.mul(t).mul(o.mul(one.sub(o))));
                    store_n(dc.mul(f), gc.add(j), count);
                });
                b += 1;
            }
            let d = dgates.add((step.row + lo) * 4 * hidden);
            multiply(gh.add(lo * hidden), hidden, d, 4 * hidden, weight, hi - lo, hidden, 4 * hidden, false);
        }
    }
}

use super::*;
use crate::gemm::Scratch;
use crate::math::exp_falling;

// Operands of meta, by number.
const G: usize = 0;
const OUT: usize = 1;
const Q: usize = 2;
const K: usize = 3;
const V: usize = 4;
const GQ: usize = 5;
const GK: usize = 6;
const GV: usize = 7;
const MASK: usize = 8;

/// Rows of zeros.
unsafe fn clear<T: Real>(x: Matrix<T>, rows: usize, cols: usize) {
    let mut r = 0;
    while r < rows {
        let row = x.from(r).p;
        each_vector::<T>(0, cols, |i, n| store_n(T::V::splat(T::ZERO), row.add(i), n));
        r += 1;
    }
}

kernel! {
    /// Gradients of [`attention`](super::forward) for q, k, v and an added mask, from g, that of its output: with the
    /// probabilities p and dP = g vᵀ · dropout, the scores get p · (dP − Σ g · out), and the rest are products.
    /// Operands of meta: g, out, q, k, v, gq, gk, gv, mask.
    ///
    /// Each of `gq`, `gk`, `gv`, `gmask` may be null: not wanted. `p` as the forward kernel kept it, or null: made again from
    /// `logs`. The range counts batch indices, as gk and gv sum over all queries.
    fn attention_grad<T>(
        gq: *mut T, gk: *mut T, gv: *mut T, gmask: *mut T, g: *const T, out: *const T, logs: *const T, p: *const T,
        q: *const T, k: *const T, v: *const T, mask: *const T, drop: *const T, meta: *const i32,
        l: usize, s: usize, e: usize, ev: usize, scale: f64, flags: u32, begin: usize, end: usize,
    ) {
        let problem = Problem { mask, drop, meta, l, s, scale: T::from_f64(scale), flags };
        let mut scratch = Scratch::<[T; 2 * ROWS * COLS]>::new();
        let spare: *mut T = scratch.at();
        let work = rows_of(spare.add(ROWS * COLS), COLS);
        let find = |p: *const T, operand: usize, batch: usize| Matrix::find(p, meta, operand, batch);
        let mut batch = begin;
        while batch < end {
            let (q, k, v) = (find(q, Q, batch), find(k, K, batch), find(v, V, batch));
            let (g, out) = (find(g, G, batch), find(out, OUT, batch));
            let or_null = |p: *mut T, operand| if p.is_null() { rows_of(p, 0) } else { find(p, operand, batch) };
            let (gq, gk, gv) = (or_null(gq, GQ), or_null(gk, GK), or_null(gv, GV));
            let mut row = 0;
            while row < l {
                let rows = ROWS.min(l - row);
                let (q, g, gq) = (q.from(row), g.from(row), gq.from(row));
                let reach = problem.reach(row, rows);
                let mut col = 0;
                while col < reach {
                    let cols = COLS.min(reach - col);
                    // The first tile of queries that sees these keys; later ones add.
                    let first = row == 0 || (flags & CAUSAL != 0 && col >= row);
                    let (k, v) = (k.from(col), v.from(col));
                    let probabilities = if p.is_null() { rows_of(spare, COLS) } else { rows_of(p.add((batch * l + row) * s).cast_mut(), s) };
                    if p.is_null() {
                        product(probabilities, q, k.transposed(), rows, cols, e, false);
                        problem.finish_scores(probabilities, MASK, batch, row, col, rows, cols);
                        let mut r = 0;
                        while r < rows {
                            let (x, log) = (probabilities.from(r).p, T::V::splat(*logs.add(batch * l + row + r)));
                            each_vector::<T>(0, cols, |i, n| store_n(exp_falling(load_n(x.add(i), n).sub(log)), x.add(i), n));
                            r += 1;
                        }
                    }
                    if !gv.is_null() {
                        let weights = problem.dropped(probabilities, work, batch, row, col, rows, cols);
                        product(gv.from(col), weights.transposed(), g, cols, ev, rows, !first);
                    }
                    product(work, g, v.transposed(), rows, cols, ev, false);
                    problem.dropped(work, work, batch, row, col, rows, cols);
                    let mut r = 0;
                    while r < rows {
                        let (g, out) = (g.from(r).p, out.from(row + r).p);
                        let mean = T::V::splat(fold_tile(ev, T::ZERO, |i, n| load_n(g.add(i), n).mul(load_n(out.add(i), n)), |a, b| a.add(b)));
                        let (x, d) = (probabilities.from(r).p, work.from(r).p);
                        each_vector::<T>(0, cols, |i, n| store_n(load_n(d.add(i), n).sub(mean).mul(load_n(x.add(i), n)), d.add(i), n));
                        if !gmask.is_null() {
                            let to = gmask.add((batch * l + row + r) * s + col);
                            each_vector::<T>(0, cols, |i, n| store_n(load_n(d.add(i), n), to.add(i), n));
                        }
                        scale_row(d, cols, problem.scale);
                        r += 1;
                    }
                    if !gq.is_null() {
                        product(gq, work, k, rows, e, cols, col > 0);
                    }
                    if !gk.is_null() {
                        product(gk.from(col), work.transposed(), q, cols, e, rows, !first);
                    }
                    col += cols;
                }
                if reach == 0 && !gq.is_null() {
                    clear(gq, rows, e);
                }
                row += rows;
            }
            // Keys that no query sees.
            let seen = if l == 0 { 0 } else { problem.reach(0, l) };
            if !gk.is_null() {
                clear(gk.from(seen), s - seen, e);
            }
            if !gv.is_null() {
                clear(gv.from(seen), s - seen, ev);
            }
            batch += 1;
        }
    }
}

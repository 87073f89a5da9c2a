use super::*;
use crate::gemm::Scratch;
use crate::math::{exp_falling, log};

// Operands of meta, by number.
const Q: usize = 0;
const K: usize = 1;
const V: usize = 2;
const OUT: usize = 3;
const MASK: usize = 4;

kernel! {
    /// out = softmax(q kᵀ · scale + mask) v, and the logarithm of each query's sum of exponentials (+∞ where nothing is
    /// seen: such a row gives zeros). Operands of meta: q `[l, e]`, k `[s, e]`, v `[s, ev]`, out `[l, ev]`, mask `[l, s]`.
    ///
    /// `p` gets the probabilities, if not null; then s may be no more than [`attention_columns`]. `mask` and `drop` may
    /// be null. `flags`: 1 causal, 2 mask of bytes. The range counts the tiles of [`attention_blocks`], batch by batch.
    fn attention<T>(
        out: *mut T, logs: *mut T, p: *mut T, q: *const T, k: *const T, v: *const T, mask: *const T, drop: *const T, meta: *const i32,
        l: usize, s: usize, e: usize, ev: usize, scale: f64, flags: u32, begin: usize, end: usize,
    ) {
        let problem = Problem { mask, drop, meta, l, s, scale: T::from_f64(scale), flags };
        let mut scratch = Scratch::<[T; 2 * ROWS * COLS]>::new();
        let spare: *mut T = scratch.at();
        let (mut maxima, mut sums) = ([T::ZERO; ROWS], [T::ZERO; ROWS]);
        let (maxima, sums) = (maxima.as_mut_ptr(), sums.as_mut_ptr());
        let blocks = attention_blocks(l);
        let mut unit = begin;
        while unit < end {
            let batch = div(unit, blocks);
            let row = (unit - batch * blocks) * ROWS;
            let rows = ROWS.min(l - row);
            let (q, k) = (Matrix::find(q, meta, Q, batch).from(row), Matrix::find(k, meta, K, batch));
            let (v, out) = (Matrix::find(v, meta, V, batch), Matrix::find(out, meta, OUT, batch).from(row));
            let tile = if p.is_null() { rows_of(spare, COLS) } else { rows_of(p.add((batch * l + row) * s), s) };
            let reach = problem.reach(row, rows);
            let mut col = 0;
            // Also where there is no key at all: the products then write zeros.
            loop {
                let cols = COLS.min(reach - col);
                product(tile, q, k.from(col).transposed(), rows, cols, e, false);
                problem.finish_scores(tile, MASK, batch, row, col, rows, cols);
                let mut r = 0;
                while r < rows {
                    let (x, max, sum) = (tile.from(r).p, maxima.add(r), sums.add(r));
                    if col == 0 {
                        *max = T::NEG_INFINITY;
                        *sum = T::ZERO;
                    }
                    let next = fold_tile(cols, *max, |i, n| load_n(x.add(i), n), |a, b| a.greater_or_nan(b));
                    // Nothing seen so far: nothing to subtract, as −∞ − (−∞) would be NaN.
                    let shift = if next == T::NEG_INFINITY { T::ZERO } else { next };
                    let (past, at) = (exp_falling(T::V::splat(*max - shift)).first(), T::V::splat(shift));
                    let total = fold_tile(cols, T::ZERO, |i, n| {
                        let e = exp_falling(load_n(x.add(i), n).sub(at));
                        store_n(e, x.add(i), n);
                        e
                    }, |a, b| a.add(b));
                    *sum = *sum * past + total;
                    *max = next;
                    if col > 0 {
                        scale_row(out.from(r).p, ev, past);
                    }
                    r += 1;
                }
                let weights = problem.dropped(tile, rows_of(spare.add(ROWS * COLS), COLS), batch, row, col, rows, cols);
                product(out, weights, v.from(col), rows, ev, cols, col > 0);
                col += cols;
                if col >= reach {
                    break;
                }
            }
            let mut r = 0;
            while r < rows {
                let sum = *sums.add(r);
                let nothing = sum == T::ZERO;
                let share = if nothing { T::ZERO } else { T::ONE / sum };
                scale_row(out.from(r).p, ev, share);
                if !p.is_null() {
                    scale_row(tile.from(r).p, reach, share);
                }
                *logs.add(batch * l + row + r) = if nothing { T::INFINITY } else { *maxima.add(r) + log(T::V::splat(sum)).first() };
                r += 1;
            }
            unit += 1;
        }
    }
}

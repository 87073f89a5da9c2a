//! Scaled dot-product attention and its gradients, a tile of scores at a time: the scores of a long sequence are
//! never in memory as a whole (the online softmax of FlashAttention, https://arxiv.org/abs/2205.14135).
//!
//! Operands are matrices, one per batch index, found by
//! `meta = [ndim, batch shape…, (batch strides…, row stride, column stride) per operand]`, in elements. The columns of
//! what is written are neighbours. Probabilities, dropout factors and the gradient of a mask are contiguous
//! `[batch, l, s]`, log-sums `[batch, l]`.

mod backward;
mod forward;
#[cfg(test)]
mod tests;

use crate::gemm::{div, gemm, gemm_tiles};
use crate::reduce::{each_vector, keep_first, load_n, store_n};
use crate::simd::{Real, Vector};
use crate::tuning::{ATTENTION_COLS as COLS, ATTENTION_ROWS as ROWS};

/// Query i does not see keys after i.
const CAUSAL: u32 = 1;
/// The mask is of bytes: 0 hides a key. Without it the mask is added to the scores.
const BOOL_MASK: u32 = 2;

const _: () = assert!(COLS % ROWS == 0);

/// The most keys for which probabilities may be kept, as one tile has them all: for TypeScript.
#[no_mangle]
pub extern "C" fn attention_columns() -> usize {
    COLS
}

/// The number of tiles of queries of one batch index.
#[no_mangle]
pub extern "C" fn attention_blocks(l: usize) -> usize {
    l.div_ceil(ROWS)
}

/// A matrix of any strides.
#[derive(Clone, Copy)]
struct Matrix<A> {
    p: *mut A,
    row: isize,
    col: isize,
}

impl<A> Matrix<A> {
    /// Operand number `operand` of `meta` at a batch index.
    #[inline(always)]
    unsafe fn find(p: *const A, meta: *const i32, operand: usize, batch: usize) -> Self {
        let ndim = *meta as usize;
        let strides = meta.add(1 + ndim + operand * (ndim + 2));
        let (mut offset, mut rest, mut dim) = (0, batch, ndim);
        while dim > 0 {
            dim -= 1;
            let size = *meta.add(1 + dim) as usize;
            let above = div(rest, size);
            offset += (rest - above * size) as isize * *strides.add(dim) as isize;
            rest = above;
        }
        let (row, col) = (*strides.add(ndim) as isize, *strides.add(ndim + 1) as isize);
        Matrix {
            p: p.wrapping_offset(offset).cast_mut(),
            row,
            col,
        }
    }
    /// Without the first rows.
    #[inline(always)]
    fn from(self, row: usize) -> Self {
        Matrix {
            p: self.p.wrapping_offset(row as isize * self.row),
            ..self
        }
    }
    #[inline(always)]
    fn transposed(self) -> Self {
        Matrix {
            row: self.col,
            col: self.row,
            ..self
        }
    }
    #[inline(always)]
    fn is_null(self) -> bool {
        self.p.is_null()
    }
}

/// Rows of neighbours, `row` apart.
#[inline(always)]
fn rows_of<A>(p: *mut A, row: usize) -> Matrix<A> {
    Matrix {
        p,
        row: row as isize,
        col: 1,
    }
}

/// C (=|+=) A B for A `[m, k]`, B `[k, n]`.
#[inline(never)]
unsafe fn product<T: Real>(c: Matrix<T>, a: Matrix<T>, b: Matrix<T>, m: usize, n: usize, k: usize, accumulate: bool) {
    let (tiles, none, rsc) = (gemm_tiles(m, n, 1), core::ptr::null(), c.row as usize);
    gemm::<T>(
        c.p,
        a.p,
        b.p,
        none,
        m,
        n,
        k,
        1,
        a.row,
        a.col,
        0,
        b.row,
        b.col,
        0,
        rsc,
        0,
        accumulate as u32,
        0,
        tiles,
    );
}

/// What both directions are given.
struct Problem<T> {
    mask: *const T,
    /// Factors 0 or 1 / (1 − p) of the probabilities; null without dropout.
    drop: *const T,
    meta: *const i32,
    l: usize,
    s: usize,
    scale: T,
    flags: u32,
}

impl<T: Real> Problem<T> {
    /// How many keys the queries of a tile see at most. Whole tiles of them, so that the first queries that meet a
    /// tile of keys meet all of it.
    #[inline(always)]
    fn reach(&self, row: usize, rows: usize) -> usize {
        if self.flags & CAUSAL != 0 {
            self.s.min((row + rows).div_ceil(COLS) * COLS)
        } else {
            self.s
        }
    }

    /// Products of queries and keys become scores: scaled, masked. The tile starts at `row`, `col`; operand number
    /// `operand` of meta is the mask.
    #[inline(always)]
    unsafe fn finish_scores(&self, tile: Matrix<T>, operand: usize, batch: usize, row: usize, col: usize, rows: usize, cols: usize) {
        let scale = T::V::splat(self.scale);
        let mut r = 0;
        while r < rows {
            let s = tile.from(r).p;
            each_vector::<T>(0, cols, |i, n| store_n(load_n(s.add(i), n).mul(scale), s.add(i), n));
            if !self.mask.is_null() {
                if self.flags & BOOL_MASK != 0 {
                    let mask = Matrix::find(self.mask.cast::<u8>(), self.meta, operand, batch).from(row + r);
                    let mut i = 0;
                    while i < cols {
                        if *mask.p.offset((col + i) as isize * mask.col) == 0 {
                            *s.add(i) = T::NEG_INFINITY;
                        }
                        i += 1;
                    }
                } else {
                    let mask = Matrix::find(self.mask, self.meta, operand, batch).from(row + r);
                    let from = mask.p.offset(col as isize * mask.col);
                    if mask.col == 1 {
                        each_vector::<T>(0, cols, |i, n| {
                            store_n(load_n(s.add(i), n).add(load_n(from.add(i), n)), s.add(i), n)
                        });
                    } else {
                        let mut i = 0;
                        while i < cols {
                            *s.add(i) = *s.add(i) + *from.offset(i as isize * mask.col);
                            i += 1;
                        }
                    }
                }
            }
            if self.flags & CAUSAL != 0 {
                let mut i = (row + r + 1).saturating_sub(col);
                while i < cols {
                    *s.add(i) = T::NEG_INFINITY;
                    i += 1;
                }
            }
            r += 1;
        }
    }

    /// to = from · dropout factors; `from` itself without dropout.
    #[inline(always)]
    unsafe fn dropped(&self, from: Matrix<T>, to: Matrix<T>, batch: usize, row: usize, col: usize, rows: usize, cols: usize) -> Matrix<T> {
        if self.drop.is_null() {
            return from;
        }
        let mut r = 0;
        while r < rows {
            let factors = self.drop.add((batch * self.l + row + r) * self.s + col);
            let (x, y) = (from.from(r).p, to.from(r).p);
            each_vector::<T>(0, cols, |i, n| {
                store_n(load_n(x.add(i), n).mul(load_n(factors.add(i), n)), y.add(i), n)
            });
            r += 1;
        }
        to
    }
}

/// x = x · factor over a row.
#[inline(always)]
unsafe fn scale_row<T: Real>(x: *mut T, n: usize, factor: T) {
    let factor = T::V::splat(factor);
    each_vector::<T>(0, n, |i, count| store_n(load_n(x.add(i), count).mul(factor), x.add(i), count));
}

/// item(i, count) ⊕ … over a row as short as a tile's, four vectors at a time: nothing to set up, and rounding has no room to grow.
/// A last part of a vector is handed over with its `count`, and its other lanes are left out.
#[inline(always)]
unsafe fn fold_tile<T: Real>(n: usize, first: T, mut item: impl FnMut(usize, usize) -> T::V, add: impl Fn(T::V, T::V) -> T::V) -> T {
    let lanes = T::V::LANES;
    let none = T::V::splat(first);
    let mut total = none;
    let mut i = 0;
    if n >= 4 * lanes {
        let [mut a, mut b, mut c] = [none; 3];
        while i + 4 * lanes <= n {
            total = add(total, item(i, lanes));
            a = add(a, item(i + lanes, lanes));
            b = add(b, item(i + 2 * lanes, lanes));
            c = add(c, item(i + 3 * lanes, lanes));
            i += 4 * lanes;
        }
        total = add(add(total, a), add(b, c));
    }
    while i + lanes <= n {
        total = add(total, item(i, lanes));
        i += lanes;
    }
    if i < n {
        total = add(total, keep_first(item(i, n - i), n - i, first));
    }
    let lane = |i| T::V::splat(total.lane(i));
    if lanes == 4 {
        add(add(lane(0), lane(2)), add(lane(1), lane(3))).first()
    } else {
        add(lane(0), lane(1)).first()
    }
}

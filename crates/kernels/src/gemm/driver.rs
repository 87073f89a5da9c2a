//! The loops around the micro-kernel.

use super::micro::{tile, Target};
use super::operand::{sliver, Operand, Scratch};
use super::{div, Grid, KC, MAX_NR, MC, MR, NC, NV};
use crate::simd::{Real, Vector};

/// What happens to C besides the sum of products.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<T> {
    /// Null for none.
    pub bias: *const T,
    /// One bias per row of C, not per column.
    pub per_row: bool,
    pub relu: bool,
    /// C is added to. Without it C is never read before it is written.
    pub accumulate: bool,
}

/// Where the columns of C lie.
pub(crate) trait Columns {
    /// Writes the offsets of columns `col..col + n`, the first one always; true when they are neighbours.
    unsafe fn locate(&self, col: usize, n: usize, offsets: *mut usize) -> bool;
}

/// Column stride 1.
pub(crate) struct Adjacent;

impl Columns for Adjacent {
    #[inline(always)]
    unsafe fn locate(&self, col: usize, _: usize, offsets: *mut usize) -> bool {
        *offsets = col;
        true
    }
}

/// Calls `f(batch, first, last)` for the tiles of each batch in `begin..end`, `per` tiles a batch.
#[inline(always)]
pub(crate) unsafe fn each_batch(per: usize, begin: usize, end: usize, mut f: impl FnMut(usize, usize, usize)) {
    let mut t = begin;
    while t < end {
        let batch = div(t, per);
        let first = t - batch * per;
        let last = per.min(first + (end - t));
        f(batch, first, last);
        t += last - first;
    }
}

/// C (=|+=) A B: the last step is always the same whatever the operands are.
pub(crate) struct Product<T, A, B, C> {
    pub c: *mut T,
    pub rsc: usize,
    pub a: A,
    pub b: B,
    pub columns: C,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub epilogue: Epilogue<T>,
}

impl<T: Real, A: Operand<T>, B: Operand<T>, C: Columns> Product<T, A, B, C> {
    /// Tiles `first..last` of `grid`. Each element sums over k in the same order whatever the range.
    #[inline(never)]
    pub unsafe fn run(&self, grid: &Grid, first: usize, last: usize) {
        let mut a_scratch = Scratch::<[T; MC / MR * sliver(MR, KC)]>::new();
        let mut b_scratch = Scratch::<[T; NC / (NV * 2) * sliver(NV * 2, KC)]>::new();
        let (packed_a, packed_b): (*mut T, *mut T) = (a_scratch.at(), b_scratch.at());
        // LOOP 5: n in steps of nc (a panel of B), with the tiles of the range that share it.
        let mut t = first;
        while t < last {
            let panel = div(t, grid.rows);
            let row_first = t - panel * grid.rows;
            let row_last = grid.rows.min(row_first + (last - t));
            t += row_last - row_first;
            let col = panel * grid.nc;
            let cols = grid.nc.min(self.n - col);
            // LOOP 4: k in steps of KC. Also for k = 0, which gives zeros.
            let mut k = 0;
            loop {
                let depth = KC.min(self.k - k);
                // A sliver's width depends on the type's lanes, which are no const generic yet.
                if T::V::LANES == 4 {
                    self.b.pack::<{ NV * 4 }>(packed_b, col, cols, k, depth);
                } else {
                    self.b.pack::<{ NV * 2 }>(packed_b, col, cols, k, depth);
                }
                // LOOP 3: m in steps of mc (a block of A).
                let mut r = row_first;
                while r < row_last {
                    let row = r * grid.mc;
                    let rows = grid.mc.min(self.m - row);
                    self.a.pack::<MR>(packed_a, row, rows, k, depth);
                    self.block(packed_a, packed_b, row, rows, col, cols, k, depth);
                    r += 1;
                }
                k += depth;
                if k >= self.k {
                    break;
                }
            }
        }
    }

    /// One packed block of A times one packed panel of B.
    #[inline(always)]
    unsafe fn block(&self, a: *const T, b: *const T, row: usize, rows: usize, col: usize, cols: usize, k: usize, depth: usize) {
        let nr = NV * T::V::LANES;
        let mut offsets = [0usize; MAX_NR];
        // LOOP 2: columns of the panel, a sliver of B at a time: it stays in the first-level cache.
        let (mut j, mut b) = (0, b);
        while j < cols {
            let width = nr.min(cols - j);
            let adjacent = self.columns.locate(col + j, width, offsets.as_mut_ptr());
            // LOOP 1: rows of the block, a sliver of A at a time.
            let (mut i, mut a) = (0, a);
            while i < rows {
                let target = Target {
                    c: self.c.add((row + i) * self.rsc),
                    rsc: self.rsc,
                    cols: width,
                    adjacent,
                    offsets: offsets.as_ptr(),
                    row: row + i,
                    col: col + j,
                    first: k == 0,
                    last: k + depth >= self.k,
                };
                tile(MR.min(rows - i), depth, a, b, &target, &self.epilogue);
                i += MR;
                a = a.add(sliver(MR, depth));
            }
            j += nr;
            b = b.add(sliver(nr, depth));
        }
    }
}

//! The loops around the micro-kernel.

use super::micro::{self, Target};
use super::operand::{sliver, Lines, Operand, Scratch, ROW};
use super::{div, div_ceil, Grid, KC, MAX_NR, MC, NC, NV};
use crate::simd::{Real, Vector};
use crate::tuning::FEW_ROWS;

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

/// Any other column stride.
pub(crate) struct Apart {
    pub stride: usize,
}

impl Columns for Apart {
    #[inline(always)]
    unsafe fn locate(&self, col: usize, n: usize, offsets: *mut usize) -> bool {
        let mut i = 0;
        while i < n {
            *offsets.add(i) = (col + i) * self.stride;
            i += 1;
        }
        false
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
        let mut a_scratch = Scratch::<[T; MC * ROW]>::new();
        let mut b_scratch = Scratch::<[T; NC / (NV * 2) * sliver(NV * 2, KC)]>::new();
        let (packed_a, packed_b): (*mut T, *mut T) = (a_scratch.at(), b_scratch.at());
        let nr = NV * T::V::LANES;
        // LOOP 5: n in steps of nc (a panel of B), with the tiles of the range that share it.
        let mut t = first;
        while t < last {
            let panel = div(t, grid.rows);
            let row_first = t - panel * grid.rows;
            let row_last = grid.rows.min(row_first + (last - t));
            t += row_last - row_first;
            let (row_first, row_last) = (row_first * grid.mc, self.m.min(row_last * grid.mc));
            let col = panel * grid.nc;
            let cols = grid.nc.min(self.n - col);
            // LOOP 4: k in steps of KC. Also for k = 0, which gives zeros.
            let mut k = 0;
            loop {
                let depth = KC.min(self.k - k);
                let b = self.panel(packed_b, row_last - row_first, col, cols, k, depth);
                // LOOP 3: m in steps of MC (a block of A).
                let mut row = row_first;
                while row < row_last {
                    let rows = MC.min(row_last - row);
                    let a = self.a.rows(packed_a, row, rows, k, depth, div_ceil(cols, nr));
                    self.block(a, b, row, rows, col, cols, k, depth);
                    row += rows;
                }
                k += depth;
                if k >= self.k {
                    break;
                }
            }
        }
    }

    /// Columns `col..col + cols` of B, for `rows` rows: in place if so few use it that packing would not pay.
    #[inline(always)]
    unsafe fn panel(&self, dst: *mut T, rows: usize, col: usize, cols: usize, k: usize, depth: usize) -> Lines<T> {
        if rows <= FEW_ROWS && cols & (T::V::LANES - 1) == 0 {
            if let Some(b) = self.b.in_place(col, k) {
                return Lines {
                    lane: (NV * T::V::LANES) as isize,
                    ..b
                };
            }
        }
        // A sliver's width depends on the type's lanes, which are no const generic yet.
        let width = NV * T::V::LANES;
        if T::V::LANES == 4 {
            self.b.pack::<{ NV * 4 }>(dst, col, cols, k, depth);
        } else {
            self.b.pack::<{ NV * 2 }>(dst, col, cols, k, depth);
        }
        Lines {
            p: dst,
            lane: sliver(width, depth) as isize,
            k: width as isize,
        }
    }

    /// One block of A times one panel of B.
    #[inline(always)]
    unsafe fn block(&self, a: Lines<T>, mut b: Lines<T>, row: usize, rows: usize, col: usize, cols: usize, k: usize, depth: usize) {
        let nr = NV * T::V::LANES;
        let mut offsets = [0usize; MAX_NR];
        // LOOP 2: columns of the panel, a sliver of B at a time: it stays in the first-level cache.
        let mut j = 0;
        while j < cols {
            let width = nr.min(cols - j);
            let adjacent = self.columns.locate(col + j, width, offsets.as_mut_ptr());
            let target = Target {
                c: self.c.add(row * self.rsc),
                rsc: self.rsc,
                rows,
                cols: width,
                adjacent,
                offsets: offsets.as_ptr(),
                row,
                col: col + j,
                add: k > 0 || self.epilogue.accumulate,
                last: k + depth >= self.k,
            };
            micro::sliver(depth, a, b, &target, &self.epilogue);
            j += nr;
            b.p = b.p.offset(b.lane);
        }
    }
}

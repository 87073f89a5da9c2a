//! Reading at indices.

use super::{moves, position};
use crate::reduce::each_outer;

moves! {
    /// out[o, j, i] = x[o, index[o, j, i], i] with x `[outer, n, inner]`, for the elements `begin..end` of `[outer, m, inner]`.
    gather_8 gather_32 gather_64 =
    fn gather<E>(out: *mut E, x: *const E, index: *const i32, n: usize, m: usize, inner: usize, begin: usize, end: usize) {
        each_outer(m * inner, begin, end, |o, lo, hi| {
            let (out, index, x) = (out.add(o * m * inner), index.add(o * m * inner), x.add(o * n * inner));
            if inner == 1 {
                let mut j = lo;
                while j < hi {
                    *out.add(j) = *x.add(position(*index.add(j), n));
                    j += 1;
                }
                return;
            }
            each_outer(inner, lo, hi, |j, lo, hi| {
                let mut i = lo;
                while i < hi {
                    let at = j * inner + i;
                    *out.add(at) = *x.add(position(*index.add(at), n) * inner + i);
                    i += 1;
                }
            });
        })
    }

    /// out[o, j, :] = x[o, index[j], :] with x `[outer, n, inner]`, for the rows `begin..end` of `[outer, m]`. Also embedding.
    index_select_8 index_select_32 index_select_64 =
    fn index_select<E>(out: *mut E, x: *const E, index: *const i32, n: usize, m: usize, inner: usize, begin: usize, end: usize) {
        each_outer(m, begin, end, |o, lo, hi| {
            let mut j = lo;
            while j < hi {
                let row = x.add((o * n + position(*index.add(j), n)) * inner);
                core::ptr::copy_nonoverlapping(row, out.add((o * m + j) * inner), inner);
                j += 1;
            }
        })
    }

    /// The lower triangle of `[.., rows, cols]` (`upper` = 0: j ≤ i + diagonal) or the upper one (j ≥ i + diagonal), zeros elsewhere,
    /// for the rows `begin..end` of all matrices.
    triangle_8 triangle_32 triangle_64 =
    fn triangle<E>(out: *mut E, x: *const E, rows: usize, cols: usize, diagonal: i32, upper: u32, begin: usize, end: usize) {
        each_outer(rows, begin, end, |o, lo, hi| {
            let mut i = lo;
            while i < hi {
                let (x, out) = (x.add((o * rows + i) * cols), out.add((o * rows + i) * cols));
                // Up to the diagonal and from it on: where the kept part ends, or begins.
                let edge = i as isize + diagonal as isize + (upper == 0) as isize;
                let edge = edge.max(0).min(cols as isize) as usize;
                let (from, to) = if upper != 0 { (edge, cols) } else { (0, edge) };
                let mut j = 0;
                while j < from {
                    *out.add(j) = E::default();
                    j += 1;
                }
                core::ptr::copy_nonoverlapping(x.add(from), out.add(from), to - from);
                j = to;
                while j < cols {
                    *out.add(j) = E::default();
                    j += 1;
                }
                i += 1;
            }
        })
    }
}

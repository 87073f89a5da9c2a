//! Writing at indices. Work is split by lanes `[outer, inner]`, so no two threads write the same place, and each place gets its
//! values in the order of the indices.

use super::{moves, numbers, position, Number};
use crate::reduce::each_outer;

/// Calls `body(target, source)` offsets for each element of the lanes `begin..end`: source `[outer, m, inner]`, target `[outer, n, inner]`.
#[inline(always)]
unsafe fn each_lane(index: *const i32, n: usize, m: usize, inner: usize, begin: usize, end: usize, mut body: impl FnMut(usize, usize)) {
    each_outer(inner, begin, end, |o, lo, hi| {
        let mut j = 0;
        while j < m {
            let mut i = lo;
            while i < hi {
                let source = (o * m + j) * inner + i;
                body((o * n + position(*index.add(source), n)) * inner + i, source);
                i += 1;
            }
            j += 1;
        }
    });
}

/// As [`each_lane`] for one index per row: calls `body(target, source, len)` for runs of `len` elements.
#[inline(always)]
unsafe fn each_row(
    index: *const i32,
    n: usize,
    m: usize,
    inner: usize,
    begin: usize,
    end: usize,
    mut body: impl FnMut(usize, usize, usize),
) {
    each_outer(inner, begin, end, |o, lo, hi| {
        let mut j = 0;
        while j < m {
            body((o * n + position(*index.add(j), n)) * inner + lo, (o * m + j) * inner + lo, hi - lo);
            j += 1;
        }
    });
}

numbers! {
    /// out[o, index[o, j, i], i] += src[o, j, i].
    scatter_add_f32 scatter_add_f64 scatter_add_i32 =
    fn scatter_add<N>(out: *mut N, src: *const N, index: *const i32, n: usize, m: usize, inner: usize, begin: usize, end: usize) {
        each_lane(index, n, m, inner, begin, end, |target, source| {
            *out.add(target) = (*out.add(target)).plus(*src.add(source));
        })
    }

    /// out[o, index[j], i] += alpha · src[o, j, i]; rows whose index is `ignore` are left out. Also the gradient of embedding.
    index_add_f32 index_add_f64 index_add_i32 =
    fn index_add<N>(
        out: *mut N, src: *const N, index: *const i32, n: usize, m: usize, inner: usize, alpha: f64, ignore: i32, begin: usize, end: usize,
    ) {
        each_outer(inner, begin, end, |o, lo, hi| {
            let mut j = 0;
            while j < m {
                let to = *index.add(j);
                if to != ignore {
                    let (out, src) = (out.add((o * n + position(to, n)) * inner), src.add((o * m + j) * inner));
                    let mut i = lo;
                    while i < hi {
                        *out.add(i) = (*out.add(i)).plus((*src.add(i)).times(alpha));
                        i += 1;
                    }
                }
                j += 1;
            }
        })
    }
}

moves! {
    /// out[o, index[o, j, i], i] = src[o, j, i]; of several values for one place the last wins.
    scatter_8 scatter_32 scatter_64 =
    fn scatter<E>(out: *mut E, src: *const E, index: *const i32, n: usize, m: usize, inner: usize, begin: usize, end: usize) {
        each_lane(index, n, m, inner, begin, end, |target, source| *out.add(target) = *src.add(source))
    }

    /// out[o, index[j], i] = src[o, j, i]; of several values for one place the last wins.
    index_copy_8 index_copy_32 index_copy_64 =
    fn index_copy<E>(out: *mut E, src: *const E, index: *const i32, n: usize, m: usize, inner: usize, begin: usize, end: usize) {
        each_row(index, n, m, inner, begin, end, |target, source, len| {
            core::ptr::copy_nonoverlapping(src.add(source), out.add(target), len)
        })
    }
}

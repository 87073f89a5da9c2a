//! Largest and smallest elements with their positions.

use super::{each_outer, fold_row, load_n, BLOCK};
use crate::simd::{Real, Vector};

macro_rules! extremes {
    ($($t:ty: $max:ident $min:ident by $max_of_row:expr, $min_of_row:expr;)*) => {$(
        /// values[o, i] = maxₖ x[o, k, i] and its first position, for the outputs `begin..end` of `[outer, inner]`, n ≥ 1.
        /// NaN counts as largest; the first NaN wins.
        #[no_mangle]
        pub unsafe extern "C" fn $max(
            values: *mut $t, indices: *mut i32, x: *const $t, n: usize, inner: usize, begin: usize, end: usize,
        ) {
            pick(values, indices, x, n, inner, begin, end, above, $max_of_row)
        }

        /// As the maximum, for the smallest element; NaN counts as smallest.
        #[no_mangle]
        pub unsafe extern "C" fn $min(
            values: *mut $t, indices: *mut i32, x: *const $t, n: usize, inner: usize, begin: usize, end: usize,
        ) {
            pick(values, indices, x, n, inner, begin, end, below, $min_of_row)
        }
    )*};
}

extremes!(
    f32: max_with_index_f32 min_with_index_f32 by largest, smallest;
    f64: max_with_index_f64 min_with_index_f64 by largest, smallest;
    i32: max_with_index_i32 min_with_index_i32 by largest_whole, smallest_whole;
    u8: max_with_index_u8 min_with_index_u8 by largest_whole, smallest_whole;
);

#[inline(always)]
#[allow(clippy::eq_op)]
fn above<T: Copy + PartialOrd>(a: T, b: T) -> bool {
    a > b || (a != a && b == b)
}
#[inline(always)]
#[allow(clippy::eq_op)]
fn below<T: Copy + PartialOrd>(a: T, b: T) -> bool {
    a < b || (a != a && b == b)
}

unsafe fn largest<T: Real>(row: *const T, n: usize) -> usize {
    best_float(row, n, T::NEG_INFINITY, |a, b| a.greater_or_nan(b), above)
}
unsafe fn smallest<T: Real>(row: *const T, n: usize) -> usize {
    best_float(row, n, T::INFINITY, |a, b| a.lesser_or_nan(b), below)
}

unsafe fn largest_whole<T: Copy + PartialOrd>(row: *const T, n: usize) -> usize {
    best(row, n, above)
}
unsafe fn smallest_whole<T: Copy + PartialOrd>(row: *const T, n: usize) -> usize {
    best(row, n, below)
}

/// The position of the first element that no later one `beats`.
#[inline(always)]
unsafe fn best<T: Copy>(row: *const T, n: usize, beats: impl Fn(T, T) -> bool) -> usize {
    let (mut best, mut at, mut k) = (*row, 0, 1);
    while k < n {
        let v = *row.add(k);
        if beats(v, best) {
            (best, at) = (v, k);
        }
        k += 1;
    }
    at
}

/// [`best`] of floats: the value first, a vector at a time, then where it stands within the first block that has it.
#[inline(always)]
unsafe fn best_float<T: Real>(row: *const T, n: usize, worst: T, fold: impl Fn(T::V, T::V) -> T::V, beats: impl Fn(T, T) -> bool) -> usize {
    let (mut best, mut at, mut first) = (*row, 0, 0);
    while first < n {
        let len = if n - first < BLOCK { n - first } else { BLOCK };
        let block = fold_row(len, worst, |i, count| load_n(row.add(first + i), count), &fold);
        if beats(block, best) {
            (best, at) = (block, first);
        }
        first += len;
    }
    // A NaN is best: where there is one, nothing equals the best.
    let lanes = T::V::LANES;
    let is_best = |v: T::V| v.eq(T::V::splat(best)).or(v.ne(v));
    let found = |i: usize| [0, 1, 2, 3].map(|k| is_best(T::V::load(row.add(at + i + k * lanes))));
    let mut i = 0;
    while at + i + 4 * lanes <= n {
        let [a, b, c, d] = found(i);
        if a.or(b).or(c.or(d)).any() {
            break;
        }
        i += 4 * lanes;
    }
    at += i;
    while at + 1 < n && *row.add(at) != best && !(*row.add(at)).is_nan() {
        at += 1;
    }
    at
}

/// Keeps in `values`, `indices` the first element that no later one `beats`.
#[inline(always)]
unsafe fn pick<T: Copy>(
    values: *mut T,
    indices: *mut i32,
    x: *const T,
    n: usize,
    inner: usize,
    begin: usize,
    end: usize,
    beats: impl Fn(T, T) -> bool,
    best_of_row: unsafe fn(*const T, usize) -> usize,
) {
    if inner == 1 {
        let mut o = begin;
        while o < end {
            let row = x.add(o * n);
            let at = best_of_row(row, n);
            *values.add(o) = *row.add(at);
            *indices.add(o) = at as i32;
            o += 1;
        }
        return;
    }
    each_outer(inner, begin, end, |o, lo, hi| {
        let (x, values, indices) = (x.add(o * n * inner), values.add(o * inner), indices.add(o * inner));
        let mut j = lo;
        while j < hi {
            *values.add(j) = *x.add(j);
            *indices.add(j) = 0;
            j += 1;
        }
        let mut k = 1;
        while k < n {
            let row = x.add(k * inner);
            let mut j = lo;
            while j < hi {
                let v = *row.add(j);
                if beats(v, *values.add(j)) {
                    *values.add(j) = v;
                    *indices.add(j) = k as i32;
                }
                j += 1;
            }
            k += 1;
        }
    });
}

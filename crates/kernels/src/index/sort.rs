//! Stable sorting of rows and their largest or smallest elements. NaN counts as the largest, as in PyTorch.

use super::{numbers, Number};
use crate::tuning::RADIX_ROW;

/// Rows are first sorted in runs of this length by insertion, then merged.
const RUN: usize = 16;

/// Whether `a` comes strictly before `b`.
#[inline(always)]
#[allow(clippy::eq_op)]
fn before<N: Number>(a: N, b: N, descending: bool) -> bool {
    if descending {
        a > b || (a != a && b == b)
    } else {
        a < b || (b != b && a == a)
    }
}

/// A row of values and their original positions, moved together.
#[derive(Clone, Copy)]
struct Row<N> {
    values: *mut N,
    indices: *mut i32,
}

impl<N: Number> Row<N> {
    #[inline(always)]
    unsafe fn set(self, i: usize, value: N, index: i32) {
        *self.values.add(i) = value;
        *self.indices.add(i) = index;
    }
    #[inline(always)]
    unsafe fn copy(self, i: usize, from: Row<N>, j: usize) {
        self.set(i, *from.values.add(j), *from.indices.add(j));
    }
}

/// Puts (value, index) into the sorted `row[lo..i]`, shifting what comes after it into place i.
#[inline(always)]
unsafe fn insert<N: Number>(row: Row<N>, lo: usize, i: usize, value: N, index: i32, descending: bool) {
    let mut j = i;
    while j > lo && before(value, *row.values.add(j - 1), descending) {
        row.copy(j, row, j - 1);
        j -= 1;
    }
    row.set(j, value, index);
}

/// Merges the sorted from[lo..mid] and from[mid..hi] into to[lo..hi]; of equals, the left ones come first.
#[inline(always)]
unsafe fn merge<N: Number>(to: Row<N>, from: Row<N>, lo: usize, mid: usize, hi: usize, descending: bool) {
    let (mut a, mut b, mut k) = (lo, mid, lo);
    while k < hi {
        let right = a >= mid || (b < hi && before(*from.values.add(b), *from.values.add(a), descending));
        if right {
            to.copy(k, from, b);
            b += 1;
        } else {
            to.copy(k, from, a);
            a += 1;
        }
        k += 1;
    }
}

/// Values of a digit of a key, and the digits.
const DIGIT: usize = 256;
const DIGITS: usize = 4;

/// Sorts a row by the digits of its keys, the lowest first: each pass keeps the order of the ones before.
#[inline(always)]
unsafe fn radix_sort<N: Number>(out: Row<N>, scratch: Row<N>, x: *const N, n: usize, descending: bool) {
    let flip = if descending { u32::MAX } else { 0 };
    let digit = |v: N, d: usize| ((v.key() ^ flip) >> (8 * d)) as usize % DIGIT;
    let mut places = [0u32; DIGITS * DIGIT];
    let places = places.as_mut_ptr();
    let mut i = 0;
    while i < n {
        let mut d = 0;
        while d < DIGITS {
            *places.add(d * DIGIT + digit(*x.add(i), d)) += 1;
            d += 1;
        }
        i += 1;
    }
    let mut d = 0;
    while d < DIGITS {
        // Where the elements of each digit begin.
        let (mut from, mut k) = (0, d * DIGIT);
        while k < (d + 1) * DIGIT {
            let count = *places.add(k);
            *places.add(k) = from;
            from += count;
            k += 1;
        }
        let (from, to) = if d % 2 == 0 { (out, scratch) } else { (scratch, out) };
        let mut i = 0;
        while i < n {
            let (value, index) = if d == 0 {
                (*x.add(i), i as i32)
            } else {
                (*from.values.add(i), *from.indices.add(i))
            };
            let place = places.add(d * DIGIT + digit(value, d));
            to.set(*place as usize, value, index);
            *place += 1;
            i += 1;
        }
        d += 1;
    }
}

numbers! {
    /// Sorts the rows `begin..end` of `[rows, n]` stably and gives each element's position in x. The scratch arrays have the
    /// sizes of the outputs.
    sort_f32 sort_f64 sort_i32 =
    fn sort<N>(
        values: *mut N, indices: *mut i32, x: *const N, scratch_values: *mut N, scratch_indices: *mut i32,
        n: usize, descending: u32, begin: usize, end: usize,
    ) {
        let descending = descending != 0;
        let mut r = begin;
        while r < end {
            let out = Row { values: values.add(r * n), indices: indices.add(r * n) };
            let scratch = Row { values: scratch_values.add(r * n), indices: scratch_indices.add(r * n) };
            if N::HAS_KEY && n >= RADIX_ROW {
                radix_sort(out, scratch, x.add(r * n), n, descending);
                r += 1;
                continue;
            }
            let mut i = 0;
            while i < n {
                insert(out, i / RUN * RUN, i, *x.add(r * n + i), i as i32, descending);
                i += 1;
            }
            let (mut from, mut to, mut width) = (out, scratch, RUN);
            while width < n {
                let mut lo = 0;
                while lo < n {
                    let mid = if n - lo < width { n } else { lo + width };
                    let hi = if n - mid < width { n } else { mid + width };
                    merge(to, from, lo, mid, hi, descending);
                    lo = hi;
                }
                (from, to) = (to, from);
                width *= 2;
            }
            if from.values != out.values {
                i = 0;
                while i < n {
                    out.copy(i, from, i);
                    i += 1;
                }
            }
            r += 1;
        }
    }

    /// The first k ≤ n elements of each row's stable sort, for the rows `begin..end`, by insertion: for small k.
    topk_f32 topk_f64 topk_i32 =
    fn topk<N>(values: *mut N, indices: *mut i32, x: *const N, n: usize, k: usize, largest: u32, begin: usize, end: usize) {
        let largest = largest != 0;
        let mut r = if k == 0 { end } else { begin };
        while r < end {
            let row = Row { values: values.add(r * k), indices: indices.add(r * k) };
            let mut i = 0;
            while i < n {
                let v = *x.add(r * n + i);
                if i < k {
                    insert(row, 0, i, v, i as i32, largest);
                } else if before(v, *row.values.add(k - 1), largest) {
                    insert(row, 0, k - 1, v, i as i32, largest);
                }
                i += 1;
            }
            r += 1;
        }
    }
}

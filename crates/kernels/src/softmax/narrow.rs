//! Log-softmax of rows of a few classes. A vector function of one such row would wait for its own result and leave
//! lanes idle, so exp and log run over the elements of many rows at a time.

use crate::math::{exp_falling, log};
use crate::reduce::{each_vector, load_n, store_n};
use crate::simd::Real;
use crate::tuning::NARROW;

/// Elements that go through exp together.
const BLOCK: usize = 32 * NARROW;

/// y = x − max − ln Σ exp(x − max) for the rows `begin..end` of `[rows, n]`, 1 ≤ n ≤ NARROW.
pub(super) unsafe fn log_softmax_rows<T: Real>(y: *mut T, x: *const T, n: usize, begin: usize, end: usize) {
    let (mut parts, mut sums) = ([T::ZERO; BLOCK], [T::ZERO; BLOCK]);
    let (e, s) = (parts.as_mut_ptr(), sums.as_mut_ptr());
    let most = BLOCK / n;
    let mut r = begin;
    while r < end {
        let rows = if end - r < most { end - r } else { most };
        let (x, y) = (x.add(r * n), y.add(r * n));
        for_rows(n, rows, |_, at| {
            let mut max = T::NEG_INFINITY;
            for_columns(n, |k| {
                let value = *x.add(at + k);
                max = if value > max { value } else { max }; // a NaN comes out of the sum
            });
            for_columns(n, |k| *y.add(at + k) = *x.add(at + k) - max);
        });
        map::<T>(e, y, rows * n, |v| exp_falling(v));
        for_rows(n, rows, |i, at| {
            let mut sum = *e.add(at);
            for_columns(n - 1, |k| sum = sum + *e.add(at + k + 1));
            *s.add(i) = sum;
        });
        map::<T>(s, s, rows, |v| log(v));
        for_rows(n, rows, |i, at| for_columns(n, |k| *y.add(at + k) = *y.add(at + k) - *s.add(i)));
        r += rows;
    }
}

/// out = exp(y) for the rows `begin..end`.
pub(super) unsafe fn exp_rows<T: Real>(out: *mut T, y: *const T, n: usize, begin: usize, end: usize) {
    map::<T>(out.add(begin * n), y.add(begin * n), (end - begin) * n, |v| exp_falling(v));
}

#[inline(always)]
unsafe fn map<T: Real>(out: *mut T, x: *const T, count: usize, f: impl Fn(T::V) -> T::V) {
    each_vector::<T>(0, count, |i, count| store_n(f(load_n(x.add(i), count)), out.add(i), count));
}

/// `body(row, where it begins)`.
#[inline(always)]
fn for_rows(n: usize, rows: usize, mut body: impl FnMut(usize, usize)) {
    let mut i = 0;
    while i < rows {
        body(i, i * n);
        i += 1;
    }
}

#[inline(always)]
fn for_columns(n: usize, mut body: impl FnMut(usize)) {
    let mut k = 0;
    while k < n {
        body(k);
        k += 1;
    }
}

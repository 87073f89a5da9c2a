//! Reductions of a contiguous `[outer, n, inner]` block over its middle axis.
//!
//! Results do not depend on how the outputs are split: each is one [`cascade`] in a fixed order, whichever lane computes it.

mod extreme;
mod integer;
mod moments;
mod scan;

pub(crate) use moments::row_moments;

use core::mem::MaybeUninit;

use crate::simd::{Real, Vector};

/// Items added one after the other before runs are added pairwise: the error grows with RUN + log(n / RUN), not with n.
const RUN: usize = 32;
/// Elements per partial result of a full reduction. Fixed, so that the number of threads cannot change a bit.
const BLOCK: usize = 4096;

/// item(0) ⊕ … ⊕ item(n − 1): runs of [`RUN`] in sequence, the runs pairwise.
#[inline(always)]
pub(crate) fn cascade<A: Copy>(n: usize, zero: A, mut item: impl FnMut(usize) -> A, add: impl Fn(A, A) -> A) -> A {
    // Level l holds the total of 2^l runs while bit l of `runs` is set, as in a binary counter.
    let mut level = [MaybeUninit::<A>::uninit(); usize::BITS as usize];
    let level = level.as_mut_ptr() as *mut A;
    let (mut runs, mut k) = (0usize, 0);
    while k < n {
        let stop = if n - k < RUN { n } else { k + RUN };
        let mut total = item(k);
        k += 1;
        while k < stop {
            total = add(total, item(k));
            k += 1;
        }
        if n <= RUN {
            return total;
        }
        let mut l = 0;
        while (runs >> l) & 1 == 1 {
            total = add(unsafe { *level.add(l) }, total);
            l += 1;
        }
        unsafe { *level.add(l) = total };
        runs += 1;
    }
    let (mut total, mut empty, mut l) = (zero, true, 0);
    while runs >> l != 0 {
        if (runs >> l) & 1 == 1 {
            let part = unsafe { *level.add(l) };
            total = if empty { part } else { add(part, total) };
            empty = false;
        }
        l += 1;
    }
    total
}

/// `count` elements at `p`: a whole vector if `count` is LANES, else the first ones and zeros.
#[inline(always)]
pub(crate) unsafe fn load_n<T: Real>(p: *const T, count: usize) -> T::V {
    if count == T::V::LANES {
        T::V::load(p)
    } else {
        T::V::load_partial(p, count)
    }
}

#[inline(always)]
pub(crate) unsafe fn store_n<T: Real>(v: T::V, p: *mut T, count: usize) {
    if count == T::V::LANES {
        v.store(p)
    } else {
        v.store_partial(p, count)
    }
}

/// `v` with the lanes from `count` on replaced by `fill`.
#[inline(always)]
pub(crate) unsafe fn keep_first<T: Real>(v: T::V, count: usize, fill: T) -> T::V {
    if count == T::V::LANES {
        return v;
    }
    let mut lanes = [fill; 4];
    v.store_partial(lanes.as_mut_ptr(), count);
    T::V::load(lanes.as_ptr())
}

/// Four vectors side by side from `at` on, `stride` elements further down in each call: for [`cascade`], which asks in order.
/// The pointer moves, as a product with the row would take longer.
#[inline(always)]
pub(crate) unsafe fn four_down<T: Real>(mut at: *const T, stride: usize) -> impl FnMut(usize) -> [T::V; 4] {
    move |_| {
        let four = [0, 1, 2, 3].map(|v| T::V::load(at.add(v * T::V::LANES)));
        at = at.wrapping_add(stride);
        four
    }
}

#[inline(always)]
pub(crate) fn add4<V: Copy>(a: [V; 4], b: [V; 4], add: &impl Fn(V, V) -> V) -> [V; 4] {
    [add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2]), add(a[3], b[3])]
}

/// ⊕ over a row of `n` elements of what `item(i, count)` gives for the elements `i..i + count`.
#[inline(always)]
pub(crate) unsafe fn fold_row<T: Real>(
    n: usize,
    zero: T,
    mut item: impl FnMut(usize, usize) -> T::V,
    add: impl Fn(T::V, T::V) -> T::V,
) -> T {
    let lanes = T::V::LANES;
    let none = T::V::splat(zero);
    let mut i = 0;
    let mut total = none;
    if n >= 4 * lanes {
        let wide = |k: usize| {
            let i = 4 * lanes * k;
            [
                item(i, lanes),
                item(i + lanes, lanes),
                item(i + 2 * lanes, lanes),
                item(i + 3 * lanes, lanes),
            ]
        };
        let [a, b, c, d] = cascade(n / (4 * lanes), [none; 4], wide, |a, b| add4(a, b, &add));
        total = add(add(a, b), add(c, d));
        i = n / (4 * lanes) * (4 * lanes);
    }
    while i + lanes <= n {
        total = add(total, item(i, lanes));
        i += lanes;
    }
    if i < n {
        total = add(total, keep_first(item(i, n - i), n - i, zero));
    }
    let lane = |i| T::V::splat(total.lane(i));
    if lanes == 4 {
        add(add(lane(0), lane(2)), add(lane(1), lane(3))).first()
    } else {
        add(lane(0), lane(1)).first()
    }
}

/// Calls `body(o, lo, hi)` for each outer index `o` and its columns `lo..hi` among the outputs `begin..end` of `[outer, inner]`.
#[inline(always)]
pub(crate) fn each_outer(inner: usize, begin: usize, end: usize, mut body: impl FnMut(usize, usize, usize)) {
    let mut i = begin;
    while i < end {
        let o = i.checked_div(inner).unwrap_or(0);
        let lo = i - o * inner;
        let hi = if end - i < inner - lo { lo + (end - i) } else { inner };
        body(o, lo, hi);
        i += hi - lo;
    }
}

/// Calls `body(j, count)` for the columns `lo..hi`, a vector at a time; `count` < LANES at most for the last.
#[inline(always)]
pub(crate) fn each_vector<T: Real>(lo: usize, hi: usize, mut body: impl FnMut(usize, usize)) {
    let mut j = lo;
    while j + T::V::LANES <= hi {
        body(j, T::V::LANES);
        j += T::V::LANES;
    }
    if j < hi {
        body(j, hi - j);
    }
}

/// Reduces `[outer, n, inner]` over n: each output is ⊕ of its n elements.
#[inline(always)]
unsafe fn fold<T: Real>(
    out: *mut T,
    x: *const T,
    n: usize,
    inner: usize,
    begin: usize,
    end: usize,
    zero: T,
    add: impl Fn(T::V, T::V) -> T::V,
) {
    let lanes = T::V::LANES;
    if inner == 1 {
        let mut o = begin;
        while o < end {
            let row = x.add(o * n);
            *out.add(o) = fold_row(n, zero, |i, count| load_n(row.add(i), count), &add);
            o += 1;
        }
        return;
    }
    let none = T::V::splat(zero);
    each_outer(inner, begin, end, |o, lo, hi| {
        let (x, out) = (x.add(o * n * inner), out.add(o * inner));
        let mut j = lo;
        // Four vectors side by side: a cache line is used whole while it is there.
        while j + 4 * lanes <= hi {
            let [a, b, c, d] = cascade(n, [none; 4], four_down(x.add(j), inner), |a, b| add4(a, b, &add));
            a.store(out.add(j));
            b.store(out.add(j + lanes));
            c.store(out.add(j + 2 * lanes));
            d.store(out.add(j + 3 * lanes));
            j += 4 * lanes;
        }
        each_vector::<T>(j, hi, |j, count| {
            let v = cascade(n, none, |k| load_n(x.add(k * inner + j), count), &add);
            store_n(v, out.add(j), count);
        });
    });
}

/// Partial results of a row of `n`: out[b] is ⊕ of block b of [`BLOCK`] elements, for the blocks `begin..end`.
#[inline(always)]
unsafe fn fold_blocks<T: Real>(
    out: *mut T,
    n: usize,
    begin: usize,
    end: usize,
    zero: T,
    mut item: impl FnMut(usize, usize) -> T::V,
    add: impl Fn(T::V, T::V) -> T::V,
) {
    let mut b = begin;
    while b < end {
        let first = b * BLOCK;
        let len = if n - first < BLOCK { n - first } else { BLOCK };
        *out.add(b) = fold_row(len, zero, |i, count| item(first + i, count), &add);
        b += 1;
    }
}

/// Elements per partial result of the `…_partial` kernels.
#[no_mangle]
pub extern "C" fn reduce_block() -> usize {
    BLOCK
}

kernel! {
    /// out[o, i] = Σₖ x[o, k, i] for the outputs `begin..end` of `[outer, inner]`. An empty sum is 0.
    fn sum<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        fold(out, x, n, inner, begin, end, T::ZERO, |a, b| a.add(b))
    }

    /// out[o, i] = Πₖ x[o, k, i]. An empty product is 1.
    fn prod<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        fold(out, x, n, inner, begin, end, T::ONE, |a, b| a.mul(b))
    }

    /// out[o, i] = maxₖ x[o, k, i]; NaN if any is NaN.
    fn amax<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        fold(out, x, n, inner, begin, end, T::NEG_INFINITY, |a, b| a.greater_or_nan(b))
    }

    /// out[o, i] = minₖ x[o, k, i]; NaN if any is NaN.
    fn amin<T>(out: *mut T, x: *const T, n: usize, inner: usize, begin: usize, end: usize) {
        fold(out, x, n, inner, begin, end, T::INFINITY, |a, b| a.lesser_or_nan(b))
    }

    /// Block sums of a row of n, for the blocks `begin..end` of `reduce_block()` elements; [`sum`] adds them up.
    fn sum_partial<T>(out: *mut T, x: *const T, n: usize, begin: usize, end: usize) {
        fold_blocks(out, n, begin, end, T::ZERO, |i, count| load_n(x.add(i), count), |a, b| a.add(b))
    }

    /// Block products, as [`sum_partial`].
    fn prod_partial<T>(out: *mut T, x: *const T, n: usize, begin: usize, end: usize) {
        fold_blocks(out, n, begin, end, T::ONE, |i, count| load_n(x.add(i), count), |a, b| a.mul(b))
    }

    /// Block maxima, as [`sum_partial`].
    fn amax_partial<T>(out: *mut T, x: *const T, n: usize, begin: usize, end: usize) {
        fold_blocks(out, n, begin, end, T::NEG_INFINITY, |i, count| load_n(x.add(i), count), |a, b| a.greater_or_nan(b))
    }

    /// Block minima, as [`sum_partial`].
    fn amin_partial<T>(out: *mut T, x: *const T, n: usize, begin: usize, end: usize) {
        fold_blocks(out, n, begin, end, T::INFINITY, |i, count| load_n(x.add(i), count), |a, b| a.lesser_or_nan(b))
    }

    /// Block sums of squares, as [`sum_partial`]: for norms.
    fn sum_squares_partial<T>(out: *mut T, x: *const T, n: usize, begin: usize, end: usize) {
        let square = |i, count| { let v = load_n(x.add(i), count); v.mul(v) };
        fold_blocks(out, n, begin, end, T::ZERO, square, |a, b| a.add(b))
    }
}

#[cfg(test)]
mod tests;

//! One channel in, one out (in the input gradient: few out): a sum of shifted rows, without packing.

use super::shape::{Axis, Shape};
use super::windows::fill;
use crate::gemm::div;
use crate::simd::{Real, Vector};

/// y[i] += x[i] · w for n elements; y and x advance by `sy` and `sx`.
#[inline(always)]
unsafe fn add_scaled<T: Real>(y: *mut T, sy: usize, x: *const T, sx: usize, w: T, n: usize) {
    let mut i = 0;
    if sy == 1 && sx == 1 {
        let wv = T::V::splat(w);
        while i + T::V::LANES <= n {
            T::V::load(x.add(i)).madd(wv, T::V::load(y.add(i))).store(y.add(i));
            i += T::V::LANES;
        }
    }
    while i < n {
        *y.add(i * sy) = (*x.add(i * sx)).madd(w, *y.add(i * sy));
        i += 1;
    }
}

/// Sum of a[i] · b[i · sb], into `lanes` and the rest into `rest`.
#[inline(always)]
unsafe fn add_dot<T: Real>(lanes: &mut T::V, rest: &mut T, a: *const T, b: *const T, sb: usize, n: usize) {
    let mut i = 0;
    if sb == 1 {
        while i + T::V::LANES <= n {
            *lanes = T::V::load(a.add(i)).madd(T::V::load(b.add(i)), *lanes);
            i += T::V::LANES;
        }
    }
    while i < n {
        *rest = (*a.add(i)).madd(*b.add(i * sb), *rest);
        i += 1;
    }
}

/// Calls `f(output row, input row)` for the pairs of rows that tap `r` joins.
#[inline(always)]
fn each_row(axis: &Axis, r: usize, mut f: impl FnMut(usize, usize)) {
    let (lo, hi) = axis.valid(r);
    let mut y = lo;
    while y < hi {
        f(y, axis.source(y, r));
        y += 1;
    }
}

/// Planes `begin..end` of y, counted over images and channels.
#[inline(never)]
pub(super) unsafe fn forward<T: Real>(y: *mut T, x: *const T, w: *const T, bias: *const T, s: &Shape, begin: usize, end: usize) {
    let mut plane = begin;
    while plane < end {
        let channel = plane - div(plane, s.groups) * s.groups;
        let (y, x) = (y.add(plane * s.out_plane()), x.add(plane * s.in_plane()));
        fill(y, s.out_plane(), if bias.is_null() { T::ZERO } else { *bias.add(channel) });
        let mut tap = 0;
        while tap < s.taps() {
            let r = div(tap, s.cols.kernel);
            let q = tap - r * s.cols.kernel;
            let weight = *w.add(channel * s.taps() + tap);
            let (lo, hi) = s.cols.valid(q);
            each_row(&s.rows, r, |to, from| {
                if lo < hi {
                    let x = x.add(from * s.cols.input + s.cols.source(lo, q));
                    add_scaled(y.add(to * s.cols.output + lo), 1, x, s.cols.stride, weight, hi - lo);
                }
            });
            tap += 1;
        }
        plane += 1;
    }
}

/// Planes `begin..end` of dx, for groups of any size: a sum over the output channels of the group.
#[inline(never)]
pub(super) unsafe fn input<T: Real>(dx: *mut T, dy: *const T, w: *const T, bias: *const T, s: &Shape, begin: usize, end: usize) {
    let mut plane = begin;
    while plane < end {
        // Counted over images and groups.
        let group = div(plane, s.group_in);
        let image = div(group, s.groups);
        let (in_image, in_group) = (plane - image * s.groups * s.group_in, plane - group * s.group_in);
        let dx = dx.add(plane * s.in_plane());
        fill(dx, s.in_plane(), if bias.is_null() { T::ZERO } else { *bias.add(in_image) });
        let mut out = 0;
        while out < s.group_out {
            let dy = dy.add((group * s.group_out + out) * s.out_plane());
            let channel = (group - image * s.groups) * s.group_out + out;
            add_spread(dx, dy, w.add(channel * s.window() + in_group * s.taps()), s);
            out += 1;
        }
        plane += 1;
    }
}

/// Adds one plane of dy to one of dx, through the taps at `w`.
#[inline(always)]
unsafe fn add_spread<T: Real>(dx: *mut T, dy: *const T, w: *const T, s: &Shape) {
    let mut tap = 0;
    while tap < s.taps() {
        let r = div(tap, s.cols.kernel);
        let q = tap - r * s.cols.kernel;
        let (lo, hi) = s.cols.valid(q);
        each_row(&s.rows, r, |from, to| {
            if lo < hi {
                let dx = dx.add(to * s.cols.input + s.cols.source(lo, q));
                add_scaled(dx, s.cols.stride, dy.add(from * s.cols.output + lo), 1, *w.add(tap), hi - lo);
            }
        });
        tap += 1;
    }
}

/// The taps of one channel, over images `first..last`.
#[inline(never)]
pub(super) unsafe fn weight<T: Real>(dw: *mut T, dy: *const T, x: *const T, s: &Shape, channel: usize, first: usize, last: usize) {
    let mut tap = 0;
    while tap < s.taps() {
        let r = div(tap, s.cols.kernel);
        let q = tap - r * s.cols.kernel;
        let (lo, hi) = s.cols.valid(q);
        let mut total = T::ZERO;
        let mut image = first;
        while image < last {
            let plane = image * s.groups + channel;
            let (dy, x) = (dy.add(plane * s.out_plane()), x.add(plane * s.in_plane()));
            // A sum per image: rounding does not pile up over the batch.
            let (mut lanes, mut rest) = (T::V::splat(T::ZERO), T::ZERO);
            each_row(&s.rows, r, |out, from| {
                if lo < hi {
                    let x = x.add(from * s.cols.input + s.cols.source(lo, q));
                    add_dot(&mut lanes, &mut rest, dy.add(out * s.cols.output + lo), x, s.cols.stride, hi - lo);
                }
            });
            total = total + (lanes.sum_lanes() + rest);
            image += 1;
        }
        *dw.add(tap) = total;
        tap += 1;
    }
}

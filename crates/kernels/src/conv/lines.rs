//! A band of planes laid out so that every tap is a shift: im2col in one direction only.
//!
//! Each column of the kernel gets a copy of the band, moved by its tap and cut to the outputs' width, with the zeros of
//! the padding in it. What tap (r, q) of a channel gives to output p of the band then lies at `offset + p`: a product
//! reads it in straight lines, across the ends of rows too, and r-fold copies need not be made.

use super::shape::Shape;
use super::windows::{add, copy, fill};
use crate::gemm::{div, div_ceil};
use crate::simd::{Real, Vector};

/// Elements that a product may read, and ignore, beyond the last line.
pub(super) const SLACK: usize = 16;

pub(super) struct Lines<'a> {
    s: &'a Shape,
    /// Rows that lie `stride` apart in the plane are neighbours here: one block for each remainder.
    phases: usize,
    height: usize,
    /// Elements from copy to copy.
    copy: usize,
}

/// Elements from line to line for `n` in each: an odd number of cache lines, to spread them over the cache's sets.
pub(super) fn line_length(n: usize) -> usize {
    (n.div_ceil(16) | 1) * 16
}

impl<'a> Lines<'a> {
    pub fn new(s: &'a Shape, band: usize) -> Self {
        let phases = if s.rows.reach() == 0 { 1 } else { s.rows.stride };
        let height = band + div(s.rows.reach(), s.rows.stride);
        let copy = line_length(phases * height * s.cols.output);
        Lines { s, phases, height, copy }
    }

    /// Elements of so many channels.
    pub fn size(&self, channels: usize) -> usize {
        channels * self.s.cols.kernel * self.copy
    }

    /// Where the band's output 0 finds what tap `r`, `q` of a channel gives to it.
    pub fn offset(&self, channel: usize, r: usize, q: usize) -> usize {
        let row = r * self.s.rows.dilation;
        let above = div(row, self.s.rows.stride);
        let phase = row - above * self.s.rows.stride;
        (channel * self.s.cols.kernel + q) * self.copy + (phase * self.height + above) * self.s.cols.output
    }

    /// The offsets of all taps of so many channels, in bytes.
    #[inline(always)]
    pub unsafe fn offsets<T>(&self, mut to: *mut usize, channels: usize) {
        let mut channel = 0;
        while channel < channels {
            let mut r = 0;
            while r < self.s.rows.kernel {
                let mut q = 0;
                while q < self.s.cols.kernel {
                    *to = self.offset(channel, r, q) * size_of::<T>();
                    to = to.add(1);
                    q += 1;
                }
                r += 1;
            }
            channel += 1;
        }
    }

    /// Copies the planes of `channels` channels from `x` on, as output rows from `top` on read them.
    #[inline(never)]
    pub unsafe fn load<T: Real>(&self, to: *mut T, x: *const T, channels: usize, top: usize) {
        let width = self.s.cols.output;
        self.each(channels, top, (0, self.s.rows.input), |at, plane, row, lo, hi, first, last| {
            let to = to.add(at);
            fill(to, first * width, T::ZERO);
            fill(to.add(last * width), (self.height - last) * width, T::ZERO);
            self.rows(to.add(first * width), x.add(plane).wrapping_add(row), last - first, lo, hi);
        });
    }

    /// Adds the lines to rows `rows` of the planes that they would be copies of.
    #[inline(never)]
    pub unsafe fn add_to<T: Real>(&self, dx: *mut T, from: *const T, channels: usize, top: usize, rows: (usize, usize)) {
        let (width, stride, step) = (self.s.cols.output, self.s.cols.stride, self.s.rows.stride * self.s.cols.input);
        self.each(channels, top, rows, |at, plane, row, lo, hi, first, last| {
            let (mut dx, mut from) = (dx.add(plane).wrapping_add(row), from.add(at + first * width + lo));
            let mut l = first;
            while l < last && lo < hi {
                add(dx, stride, from, hi - lo);
                dx = dx.wrapping_add(step);
                from = from.add(width);
                l += 1;
            }
        });
    }

    /// For each copy and phase calls `f(offset of its line 0, offset of the plane, offset in the plane of what element
    /// lo of line `first` is, lo, hi, first, last)`: lines `first..last` are rows of the plane among `rows`, with elements `lo..hi`.
    #[inline(always)]
    fn each(&self, channels: usize, top: usize, among: (usize, usize), mut f: impl FnMut(usize, usize, usize, usize, usize, usize, usize)) {
        let (rows, cols) = (&self.s.rows, &self.s.cols);
        let mut i = 0;
        while i < channels * cols.kernel {
            let channel = div(i, cols.kernel);
            let q = i - channel * cols.kernel;
            let (lo, hi) = cols.valid(q);
            let mut phase = 0;
            while phase < self.phases {
                // Line l of the phase is row (top + l) · stride + phase − padding.
                let line = |row: usize| {
                    let at = (row + rows.padding).saturating_sub(phase);
                    div_ceil(at, rows.stride).saturating_sub(top).min(self.height)
                };
                let (first, last) = (line(among.0), line(among.1));
                let row = ((top + first) * rows.stride + phase).wrapping_sub(rows.padding);
                let start = row.wrapping_mul(cols.input).wrapping_add(cols.source(lo, q));
                f(
                    i * self.copy + phase * self.height * cols.output,
                    channel * self.s.in_plane(),
                    start,
                    lo,
                    hi,
                    first,
                    last,
                );
                phase += 1;
            }
            i += 1;
        }
    }

    /// `n` lines with elements `lo..hi` from `from` on, and zeros around them.
    #[inline(always)]
    unsafe fn rows<T: Real>(&self, mut to: *mut T, mut from: *const T, n: usize, lo: usize, hi: usize) {
        let (width, stride, step) = (self.s.cols.output, self.s.cols.stride, self.s.rows.stride * self.s.cols.input);
        if lo >= hi {
            return fill(to, n * width, T::ZERO);
        }
        zeros(to, lo);
        let mut l = 0;
        while l < n {
            if stride == 1 {
                copy(to.add(lo), from, hi - lo);
            } else {
                every(to.add(lo), from, stride, hi - lo);
            }
            // Up to the next line's elements, and a few more: what lies behind is written later.
            zeros(to.add(hi), if l + 1 < n { width - hi + lo } else { width - hi });
            to = to.add(width);
            from = from.wrapping_add(step);
            l += 1;
        }
    }
}

/// `n` zeros, and up to a vector's more.
#[inline(always)]
unsafe fn zeros<T: Real>(to: *mut T, n: usize) {
    let mut i = 0;
    while i < n {
        T::V::splat(T::ZERO).store(to.add(i));
        i += T::V::LANES;
    }
}

/// to[i] = from[i · stride] for n elements.
#[inline(always)]
unsafe fn every<T: Real>(to: *mut T, from: *const T, stride: usize, n: usize) {
    let lanes = T::V::LANES;
    let mut i = 0;
    // The last vector would read one element too many.
    while stride == 2 && i + lanes < n {
        let at = from.add(2 * i);
        T::V::load(at).evens(T::V::load(at.add(lanes))).store(to.add(i));
        i += lanes;
    }
    while i < n {
        *to.add(i) = *from.add(i * stride);
        i += 1;
    }
}

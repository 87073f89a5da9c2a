//! The im2col matrix as an index map: row (channel, tap), column (image, output row, output column).

use super::shape::Shape;
use crate::gemm::{div, Columns, Rows};
use crate::simd::{Real, Vector};

/// Copies `n` elements that lie side by side. A long run's last vector overlaps the one before: no scalar tail.
#[inline(always)]
pub(super) unsafe fn copy<T: Real>(dst: *mut T, src: *const T, n: usize) {
    let lanes = T::V::LANES;
    let mut i = 0;
    while i + lanes <= n {
        T::V::load(src.add(i)).store(dst.add(i));
        i += lanes;
    }
    if i < n && n >= lanes {
        return T::V::load(src.add(n - lanes)).store(dst.add(n - lanes));
    }
    while i < n {
        *dst.add(i) = *src.add(i);
        i += 1;
    }
}

#[inline(always)]
pub(super) unsafe fn fill<T: Real>(dst: *mut T, n: usize, value: T) {
    let mut i = 0;
    while i + T::V::LANES <= n {
        T::V::splat(value).store(dst.add(i));
        i += T::V::LANES;
    }
    while i < n {
        *dst.add(i) = value;
        i += 1;
    }
}

#[inline(always)]
unsafe fn zero<T: Real>(dst: *mut T, n: usize) {
    fill(dst, n, T::ZERO);
}

/// y[i · stride] += x[i] for n elements.
#[inline(always)]
pub(super) unsafe fn add<T: Real>(y: *mut T, stride: usize, x: *const T, n: usize) {
    let mut i = 0;
    if stride == 1 {
        while i + T::V::LANES <= n {
            T::V::load(y.add(i)).add(T::V::load(x.add(i))).store(y.add(i));
            i += T::V::LANES;
        }
    }
    while i < n {
        let y = y.add(i * stride);
        *y = *y + *x.add(i);
        i += 1;
    }
}

/// Writes the run `start..start + len` of a row of `valid` elements with zeros around: element q is
/// `at(q)` for q in `lo..hi`. `src` is the address of element `lo`, and the elements are `stride` apart.
#[inline(always)]
pub(super) unsafe fn run<T: Real>(dst: *mut T, start: usize, len: usize, (lo, hi): (usize, usize), src: *const T, stride: usize) {
    let end = start + len;
    let (lo_here, hi_here) = (lo.max(start).min(end), hi.min(end).max(start));
    let hi_here = hi_here.max(lo_here);
    zero(dst, lo_here - start);
    if hi_here > lo_here {
        let src = src.add((lo_here - lo) * stride);
        let dst = dst.add(lo_here - start);
        let n = hi_here - lo_here;
        if stride == 1 {
            copy(dst, src, n);
        } else {
            let mut i = 0;
            while i < n {
                *dst.add(i) = *src.add(i * stride);
                i += 1;
            }
        }
    }
    zero(dst.add(hi_here - start), end - hi_here);
}

/// The im2col matrix of one group.
pub(super) struct Windows<'a, T> {
    /// The group's first channel in image 0.
    pub x: *const T,
    pub shape: &'a Shape,
    /// Columns are counted from this image on.
    pub first_image: usize,
}

impl<T: Real> Rows<T> for Windows<'_, T> {
    #[inline(always)]
    unsafe fn fetch(&self, row: usize, start: usize, mut len: usize, mut dst: *mut T) {
        let s = self.shape;
        let channel = div(row, s.taps());
        let tap = row - channel * s.taps();
        let r = div(tap, s.cols.kernel);
        let q = tap - r * s.cols.kernel;
        let (rows, cols) = (s.rows.valid(r), s.cols.valid(q));
        let image = div(start, s.out_plane());
        let place = start - image * s.out_plane();
        let mut y = div(place, s.cols.output);
        let mut x = place - y * s.cols.output;
        let mut plane = self
            .x
            .add(((self.first_image + image) * s.groups * s.group_in + channel) * s.in_plane());
        while len > 0 {
            let n = len.min(s.cols.output - x);
            if y >= rows.0 && y < rows.1 {
                let first = plane.add(s.rows.source(y, r) * s.cols.input + s.cols.source(cols.0, q));
                run(dst, x, n, cols, first, s.cols.stride);
            } else {
                zero(dst, n);
            }
            dst = dst.add(n);
            len -= n;
            x = 0;
            y += 1;
            if y == s.rows.output {
                y = 0;
                plane = plane.add(s.groups * s.group_in * s.in_plane());
            }
        }
    }
}

/// Columns (image, pixel) of planes that lie `image` elements apart from image to image.
pub(super) struct Images {
    pub plane: usize,
    pub image: usize,
}

impl Columns for Images {
    #[inline(always)]
    unsafe fn locate(&self, col: usize, n: usize, offsets: *mut usize) -> bool {
        let image = div(col, self.plane);
        let mut pixel = col - image * self.plane;
        let mut at = image * self.image + pixel;
        *offsets = at;
        if pixel + n <= self.plane {
            return true;
        }
        let mut i = 1;
        while i < n {
            pixel += 1;
            at += 1;
            if pixel == self.plane {
                pixel = 0;
                at += self.image - self.plane;
            }
            *offsets.add(i) = at;
            i += 1;
        }
        false
    }
}

/// The planes of a group side by side: row = channel, column (image, pixel).
pub(super) struct Planes<T> {
    /// The group's first channel in image 0.
    pub p: *const T,
    pub plane: usize,
    /// Elements from image to image.
    pub image: usize,
    pub first_image: usize,
}

impl<T: Real> Rows<T> for Planes<T> {
    #[inline(always)]
    unsafe fn fetch(&self, row: usize, start: usize, mut len: usize, mut dst: *mut T) {
        let image = div(start, self.plane);
        let mut pixel = start - image * self.plane;
        let mut from = self.p.add((self.first_image + image) * self.image + row * self.plane);
        while len > 0 {
            let n = len.min(self.plane - pixel);
            copy(dst, from.add(pixel), n);
            dst = dst.add(n);
            len -= n;
            pixel = 0;
            from = from.add(self.image);
        }
    }
}

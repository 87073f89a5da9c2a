//! Two-dimensional pooling over contiguous planes (images × channels). The work range counts planes.

use crate::gemm::{div, div_ceil};
use crate::simd::{Real, Vector};

/// Sizes of one axis.
#[derive(Clone, Copy)]
struct Axis {
    input: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
}

impl Axis {
    /// Windows of an average; without a kernel (0) the adaptive ones: `output` nearly even parts of the input.
    #[inline(always)]
    fn average(input: usize, output: usize, kernel: usize, stride: usize, padding: usize) -> Self {
        Axis {
            input,
            kernel,
            stride: if kernel == 0 { output } else { stride },
            padding,
            dilation: 1,
        }
    }
    /// The inputs that window `out` reads: first and end (stepping by `dilation`), padding left out.
    #[inline(always)]
    fn window(&self, out: usize) -> (usize, usize) {
        if self.kernel == 0 {
            return (div(out * self.input, self.stride), div_ceil((out + 1) * self.input, self.stride));
        }
        let start = out * self.stride;
        let end = (start + (self.kernel - 1) * self.dilation + 1)
            .saturating_sub(self.padding)
            .min(self.input);
        if start >= self.padding {
            return (start - self.padding, end);
        }
        let steps = div_ceil(self.padding - start, self.dilation);
        (start + steps * self.dilation - self.padding, end)
    }
    /// The windows `lo..hi` of `output` that lie inside the input with all their elements.
    #[inline(always)]
    fn inside(&self, output: usize) -> (usize, usize) {
        let reach = (self.kernel - 1) * self.dilation;
        let lo = div_ceil(self.padding, self.stride).min(output);
        let hi = div_ceil((self.input + self.padding).saturating_sub(reach), self.stride).min(output);
        (lo, hi.max(lo))
    }
    /// What window `out` of an average divides by when padding counts: the padded axis ends at input + padding.
    #[inline(always)]
    fn padded_length(&self, out: usize) -> usize {
        let start = out * self.stride;
        (start + self.kernel).min(self.input + 2 * self.padding).saturating_sub(start)
    }
}

/// The first maximum of a window, NaN above all, and its place in the plane; −∞ and −1 for a window in the padding.
#[inline(always)]
unsafe fn maximum<T: Real>(x: *const T, rows: &Axis, cols: &Axis, (y0, y1): (usize, usize), (x0, x1): (usize, usize)) -> (T, i32) {
    if y0 >= y1 || x0 >= x1 {
        return (T::NEG_INFINITY, -1);
    }
    let (mut best, mut at) = (T::NEG_INFINITY, (y0 * cols.input + x0) as i32);
    let mut i = y0;
    while i < y1 {
        let mut j = x0;
        while j < x1 {
            let v = *x.add(i * cols.input + j);
            // As in PyTorch the last NaN gives the index.
            if v > best || v.is_nan() {
                best = v;
                at = (i * cols.input + j) as i32;
            }
            j += cols.dilation;
        }
        i += rows.dilation;
    }
    (best, at)
}

/// As [`maximum`] for as many neighbouring windows as a vector has lanes, all of them inside the plane. No branches:
/// nobody can predict which element is the largest. `start` is the first element of the first window.
#[inline(always)]
unsafe fn maxima<T: Real>(x: *const T, start: usize, rows: &Axis, cols: &Axis) -> (T::V, T::V) {
    let mut best = T::V::splat(T::NEG_INFINITY);
    // Places are floats here: below 2²⁴ they are exact.
    let lane = [0, 1, 2, 3].map(|l| T::from_f64((start + l * cols.stride) as f64));
    let first = T::V::load(lane.as_ptr());
    let mut at = first;
    let mut r = 0;
    while r < rows.kernel {
        let row = r * rows.dilation * cols.input;
        let mut c = 0;
        while c < cols.kernel {
            let v = every::<T>(x.add(start + row), c * cols.dilation, cols);
            let takes = v.gt(best).or(v.ne(v));
            best = takes.select(v, best);
            at = takes.select(first.add(T::V::splat(T::from_f64((row + c * cols.dilation) as f64))), at);
            c += 1;
        }
        r += 1;
    }
    (best, at)
}

/// Element `tap` of as many neighbouring windows as a vector has lanes. Reads nothing beyond the last of them.
#[inline(always)]
unsafe fn every<T: Real>(x: *const T, tap: usize, cols: &Axis) -> T::V {
    if cols.stride == 1 {
        return T::V::load(x.add(tap));
    }
    if cols.stride == 2 && cols.kernel > 1 {
        let pairs = x.add(tap.saturating_sub(1));
        let (a, b) = (T::V::load(pairs), T::V::load(pairs.add(T::V::LANES)));
        return if tap == 0 { a.evens(b) } else { a.odds(b) };
    }
    let mut buf = [T::ZERO; 4];
    let mut l = 0;
    while l < T::V::LANES {
        *buf.as_mut_ptr().add(l) = *x.add(tap + l * cols.stride);
        l += 1;
    }
    T::V::load(buf.as_ptr())
}

/// The range of inputs that count for an average, and the divisor; `divisor` 0 asks for the window's size.
#[inline(always)]
fn average(axes: [&Axis; 2], at: [usize; 2], count_padding: u32, divisor: usize) -> ([(usize, usize); 2], usize) {
    let windows = [axes[0].window(at[0]), axes[1].window(at[1])];
    let size = |i: usize| {
        if count_padding != 0 {
            axes[i].padded_length(at[i])
        } else {
            windows[i].1.saturating_sub(windows[i].0)
        }
    };
    (windows, if divisor != 0 { divisor } else { size(0) * size(1) })
}

kernel! {
    /// y = the maximum of each window, `at` = its index in the plane `[h, w]` (i32). Padding is −∞ and never chosen.
    fn max_pool2d<T>(
        y: *mut T, at: *mut i32, x: *const T, h: usize, w: usize, oh: usize, ow: usize, kh: usize, kw: usize,
        sh: usize, sw: usize, ph: usize, pw: usize, dh: usize, dw: usize, begin: usize, end: usize,
    ) {
        let rows = Axis { input: h, kernel: kh, stride: sh, padding: ph, dilation: dh };
        let cols = Axis { input: w, kernel: kw, stride: sw, padding: pw, dilation: dw };
        let lanes = T::V::LANES;
        let ((first_row, last_row), (first, last)) = (rows.inside(oh), cols.inside(ow));
        let vectors = h * w < 1 << 24 && last - first >= lanes;
        let mut plane = begin;
        while plane < end {
            let x = x.add(plane * h * w);
            let mut i = 0;
            while i < oh {
                let (y, at) = (y.add((plane * oh + i) * ow), at.add((plane * oh + i) * ow));
                let window = rows.window(i);
                let mut j = 0;
                while j < ow {
                    if vectors && j >= first && j < last && i >= first_row && i < last_row {
                        // The last vector may overlap the one before.
                        let here = j.min(last - lanes);
                        let start = (i * sh - ph) * w + here * sw - pw;
                        let (best, place) = maxima(x, start, &rows, &cols);
                        best.store(y.add(here));
                        place.store_i32(at.add(here));
                        j = here + lanes;
                        continue;
                    }
                    let (best, place) = maximum(x, &rows, &cols, window, cols.window(j));
                    *y.add(j) = best;
                    *at.add(j) = place;
                    j += 1;
                }
                i += 1;
            }
            plane += 1;
        }
    }

    /// dx `[planes, inputs]` = 0, then dx[p, at[p, i]] += dy[p, i]: the gradient of max pooling.
    fn max_pool2d_scatter<T>(dx: *mut T, dy: *const T, at: *const i32, inputs: usize, outputs: usize, begin: usize, end: usize) {
        let mut plane = begin;
        while plane < end {
            let dx = dx.add(plane * inputs);
            let mut i = 0;
            while i < inputs {
                *dx.add(i) = T::ZERO;
                i += 1;
            }
            let mut i = plane * outputs;
            while i < (plane + 1) * outputs {
                let place = *at.add(i);
                if place >= 0 {
                    let p = dx.add(place as usize);
                    *p = *p + *dy.add(i);
                }
                i += 1;
            }
            plane += 1;
        }
    }

    /// y[p, i] = x[p, at[p, i]], 0 for a negative index: the gradient of `max_pool2d_scatter`.
    fn max_pool2d_gather<T>(y: *mut T, x: *const T, at: *const i32, inputs: usize, outputs: usize, begin: usize, end: usize) {
        let mut plane = begin;
        while plane < end {
            let x = x.add(plane * inputs);
            let mut i = plane * outputs;
            while i < (plane + 1) * outputs {
                let place = *at.add(i);
                *y.add(i) = if place >= 0 { *x.add(place as usize) } else { T::ZERO };
                i += 1;
            }
            plane += 1;
        }
    }

    /// y = the sum of each window / its size. `count_padding`: zeros of the padding count as elements;
    /// `divisor` replaces the size unless 0. Kernel sizes of 0 ask for adaptive windows (and `count_padding` 0).
    fn avg_pool2d<T>(
        y: *mut T, x: *const T, h: usize, w: usize, oh: usize, ow: usize, kh: usize, kw: usize, sh: usize, sw: usize,
        ph: usize, pw: usize, count_padding: u32, divisor: usize, begin: usize, end: usize,
    ) {
        let rows = Axis::average(h, oh, kh, sh, ph);
        let cols = Axis::average(w, ow, kw, sw, pw);
        let mut plane = begin;
        while plane < end {
            let x = x.add(plane * h * w);
            let mut out = plane * oh * ow;
            let mut i = 0;
            while i < oh {
                let mut j = 0;
                while j < ow {
                    let ([(y0, y1), (x0, x1)], size) = average([&rows, &cols], [i, j], count_padding, divisor);
                    let mut sum = T::ZERO;
                    let mut r = y0;
                    while r < y1 {
                        let mut c = x0;
                        while c < x1 {
                            sum = sum + *x.add(r * w + c);
                            c += 1;
                        }
                        r += 1;
                    }
                    // A window that lies in the padding is zero, not 0 / 0.
                    *y.add(out) = if y0 < y1 && x0 < x1 { sum / T::from_f64(size as f64) } else { T::ZERO };
                    out += 1;
                    j += 1;
                }
                i += 1;
            }
            plane += 1;
        }
    }

    /// The gradient of `avg_pool2d`: dx = 0, then each window of dx += dy / its size.
    fn avg_pool2d_grad<T>(
        dx: *mut T, dy: *const T, h: usize, w: usize, oh: usize, ow: usize, kh: usize, kw: usize, sh: usize, sw: usize,
        ph: usize, pw: usize, count_padding: u32, divisor: usize, begin: usize, end: usize,
    ) {
        let rows = Axis::average(h, oh, kh, sh, ph);
        let cols = Axis::average(w, ow, kw, sw, pw);
        let mut plane = begin;
        while plane < end {
            let dx = dx.add(plane * h * w);
            let mut i = 0;
            while i < h * w {
                *dx.add(i) = T::ZERO;
                i += 1;
            }
            let mut out = plane * oh * ow;
            let mut i = 0;
            while i < oh {
                let mut j = 0;
                while j < ow {
                    let ([(y0, y1), (x0, x1)], size) = average([&rows, &cols], [i, j], count_padding, divisor);
                    let share = *dy.add(out) / T::from_f64(size as f64);
                    let mut r = y0;
                    while r < y1 {
                        let mut c = x0;
                        while c < x1 {
                            let p = dx.add(r * w + c);
                            *p = *p + share;
                            c += 1;
                        }
                        r += 1;
                    }
                    out += 1;
                    j += 1;
                }
                i += 1;
            }
            plane += 1;
        }
    }
}

#[cfg(test)]
mod tests;

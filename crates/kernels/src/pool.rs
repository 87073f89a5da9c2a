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
    /// Where window `out` begins, and whether all of it lies inside the input.
    #[inline(always)]
    fn whole(&self, out: usize) -> (usize, bool) {
        let start = out * self.stride;
        let end = start + (self.kernel - 1) * self.dilation;
        (
            start.wrapping_sub(self.padding),
            start >= self.padding && end < self.input + self.padding,
        )
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
/// nobody can predict which element is the largest. `x` is the first element of the first window.
#[inline(always)]
unsafe fn maxima<T: Real>(x: *const T, rows: &Axis, cols: &Axis) -> (T::V, T::V) {
    let mut best = T::V::splat(T::NEG_INFINITY);
    // Where in the window, counted in elements of the plane: a float holds it exactly (see `fits`).
    let mut at = T::V::splat(T::ZERO);
    let mut r = 0;
    while r < rows.kernel {
        let mut c = 0;
        while c < cols.kernel {
            let offset = r * rows.dilation * cols.input + c * cols.dilation;
            let v = every::<T>(x.add(offset), cols.stride);
            let takes = v.gt(best).or(v.ne(v));
            best = takes.select(v, best);
            at = takes.select(T::V::splat(T::from_f64(offset as f64)), at);
            c += 1;
        }
        r += 1;
    }
    (best, at)
}

/// A vector of elements `stride` apart.
#[inline(always)]
unsafe fn every<T: Real>(x: *const T, stride: usize) -> T::V {
    if stride == 1 {
        return T::V::load(x);
    }
    let mut buf = [T::ZERO; 4];
    let mut l = 0;
    while l < T::V::LANES {
        *buf.as_mut_ptr().add(l) = *x.add(l * stride);
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
        let fits = kh * dh * w + kw * dw < 1 << 24;
        let mut plane = begin;
        while plane < end {
            let x = x.add(plane * h * w);
            let mut out = plane * oh * ow;
            let mut i = 0;
            while i < oh {
                let window = rows.window(i);
                let (top, inside) = rows.whole(i);
                let mut j = 0;
                while j < ow {
                    let (left, first) = cols.whole(j);
                    if fits && inside && first && j + lanes <= ow && cols.whole(j + lanes - 1).1 {
                        let start = top * w + left;
                        let (best, offset) = maxima(x.add(start), &rows, &cols);
                        best.store(y.add(out));
                        let mut l = 0;
                        while l < lanes {
                            *at.add(out + l) = (start + l * sw) as i32 + offset.lane(l).to_f64() as i32;
                            l += 1;
                        }
                        out += lanes;
                        j += lanes;
                        continue;
                    }
                    let (best, place) = maximum(x, &rows, &cols, window, cols.window(j));
                    *y.add(out) = best;
                    *at.add(out) = place;
                    out += 1;
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

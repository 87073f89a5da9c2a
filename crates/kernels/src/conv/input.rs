//! The input gradient, which is also the forward pass of the transposed convolution.
//!
//! The inputs fall into stride × stride phases: pixel y of phase a has (y + padding) mod stride = a and meets only
//! the taps r with r·dilation ≡ a. Within a phase outputs and pixels advance together, so each phase is a product
//! without the zeros that a strided gather would multiply by.

use super::shape::{Axis, Shape};
use super::windows::run;
use super::{depthwise, offset};
use crate::gemm::{div, div_ceil, each_batch, sliver, AlongLanes, Columns, Epilogue, Grid, Operand, Product, Rows};
use crate::simd::Real;

/// The length of the work range of `conv2d_input_grad`.
#[no_mangle]
pub unsafe extern "C" fn conv2d_input_grad_tiles(
    n: usize,
    c: usize,
    h: usize,
    w: usize,
    sh: usize,
    sw: usize,
    groups: usize,
    depthwise: u32,
) -> usize {
    if depthwise != 0 {
        n * c
    } else {
        grid(n, div(c, groups), h, w, sh, sw, groups).per_batch() * groups * sh * sw
    }
}

/// All phases have the grid of the largest; its tiles beyond a smaller one are empty.
#[inline(always)]
fn grid(n: usize, group_in: usize, h: usize, w: usize, sh: usize, sw: usize, groups: usize) -> Grid {
    Grid::new(group_in, n * div_ceil(h, sh) * div_ceil(w, sw), groups * sh * sw)
}

/// One phase of one axis.
#[derive(Clone, Copy)]
struct Phase {
    /// First pixel and how many there are, `stride` apart.
    first: usize,
    pixels: usize,
    /// Taps: the first, the step, how many.
    tap: usize,
    tap_step: usize,
    taps: usize,
    /// Output that the first tap pairs with pixel 0 of the phase (may be negative); later taps pair with earlier outputs.
    output: isize,
    output_step: isize,
    outputs: isize,
}

impl Phase {
    fn new(axis: &Axis, a: usize) -> Self {
        let s = axis.stride;
        // The first pixel y >= 0 with y + padding ≡ a (mod stride).
        let first = if a >= axis.padding {
            a - axis.padding
        } else {
            a + div_ceil(axis.padding - a, s) * s - axis.padding
        };
        let pixels = if first < axis.input {
            div(axis.input - first - 1, s) + 1
        } else {
            0
        };
        // r·dilation mod stride repeats after `step`.
        let rem = |r: usize| r * axis.dilation - div(r * axis.dilation, s) * s;
        let mut step = 1;
        while rem(step) != 0 {
            step += 1;
        }
        let mut tap = 0;
        while tap < step && rem(tap) != a {
            tap += 1;
        }
        let taps = if tap < step && tap < axis.kernel {
            div(axis.kernel - tap - 1, step) + 1
        } else {
            0
        };
        let (up, down) = (first + axis.padding, tap * axis.dilation);
        let output = if up >= down {
            div(up - down, s) as isize
        } else {
            -(div(down - up, s) as isize)
        };
        let output_step = div(step * axis.dilation, s) as isize;
        Phase {
            first,
            pixels,
            tap,
            tap_step: step,
            taps,
            output,
            output_step,
            outputs: axis.output as isize,
        }
    }
    /// The output that tap number `t` pairs with pixel 0.
    #[inline(always)]
    fn start(&self, t: usize) -> isize {
        self.output - t as isize * self.output_step
    }
    /// Pixels whose output exists, given that of pixel 0.
    #[inline(always)]
    fn valid(&self, start: isize) -> (usize, usize) {
        let hi = (self.outputs - start).max(0).min(self.pixels as isize) as usize;
        ((-start).max(0).min(hi as isize) as usize, hi)
    }
}

/// A: row = input channel, k = (output channel, tap of the phase).
struct PhaseWeights<'a, T> {
    /// The weights of the group.
    w: *const T,
    shape: &'a Shape,
    rows: Phase,
    cols: Phase,
}

impl<T: Real> Operand<T> for PhaseWeights<'_, T> {
    #[inline(always)]
    unsafe fn pack<const W: usize>(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize) {
        let s = self.shape;
        let mut p = 0;
        while p < depth {
            let (channel, r, q) = split(k + p, &self.rows, &self.cols);
            let tap = (self.rows.tap + r * self.rows.tap_step) * s.cols.kernel + self.cols.tap + q * self.cols.tap_step;
            let from = self.w.add(channel * s.window() + tap);
            let (mut done, mut to) = (0, dst.add(p * W));
            while done < lanes {
                let mut l = 0;
                while l < W {
                    *to.add(l) = if done + l < lanes {
                        *from.add((lane + done + l) * s.taps())
                    } else {
                        T::ZERO
                    };
                    l += 1;
                }
                to = to.add(sliver(W, depth));
                done += W;
            }
            p += 1;
        }
    }
}

/// B: row = (output channel, tap of the phase), column = (image, pixel of the phase).
struct PhaseGrads<'a, T> {
    /// The group's first output channel in image 0.
    dy: *const T,
    shape: &'a Shape,
    rows: Phase,
    cols: Phase,
}

impl<T: Real> Rows<T> for PhaseGrads<'_, T> {
    #[inline(always)]
    unsafe fn fetch(&self, row: usize, start: usize, mut len: usize, mut dst: *mut T) {
        let s = self.shape;
        let (channel, r, q) = split(row, &self.rows, &self.cols);
        let (top, left) = (self.rows.start(r), self.cols.start(q));
        let (rows, cols) = (self.rows.valid(top), self.cols.valid(left));
        let pixels = self.rows.pixels * self.cols.pixels;
        let image = div(start, pixels);
        let place = start - image * pixels;
        let mut y = div(place, self.cols.pixels);
        let mut x = place - y * self.cols.pixels;
        let mut plane = self.dy.add((image * s.groups * s.group_out + channel) * s.out_plane());
        while len > 0 {
            let n = len.min(self.cols.pixels - x);
            let src = if y >= rows.0 && y < rows.1 {
                plane.wrapping_offset((y as isize + top) * s.cols.output as isize + left + cols.0 as isize)
            } else {
                plane
            };
            run(dst, x, n, if y >= rows.0 && y < rows.1 { cols } else { (0, 0) }, src, 1);
            dst = dst.add(n);
            len -= n;
            x = 0;
            y += 1;
            if y == self.rows.pixels {
                y = 0;
                plane = plane.add(s.groups * s.group_out * s.out_plane());
            }
        }
    }
}

/// Row number → channel and the two tap numbers.
#[inline(always)]
fn split(row: usize, rows: &Phase, cols: &Phase) -> (usize, usize, usize) {
    let taps = rows.taps * cols.taps;
    let channel = div(row, taps);
    let tap = row - channel * taps;
    let r = div(tap, cols.taps);
    (channel, r, tap - r * cols.taps)
}

/// Where the pixels of a phase lie in dx.
struct PhasePixels<'a> {
    shape: &'a Shape,
    rows: Phase,
    cols: Phase,
}

impl Columns for PhasePixels<'_> {
    #[inline(always)]
    unsafe fn locate(&self, col: usize, n: usize, offsets: *mut usize) -> bool {
        let s = self.shape;
        let pixels = self.rows.pixels * self.cols.pixels;
        let mut image = div(col, pixels);
        let place = col - image * pixels;
        let mut y = div(place, self.cols.pixels);
        let mut x = place - y * self.cols.pixels;
        let mut last = 0;
        let mut i = 0;
        while i < n {
            let row = self.rows.first + y * s.rows.stride;
            last = image * s.groups * s.group_in * s.in_plane() + row * s.cols.input + self.cols.first + x * s.cols.stride;
            *offsets.add(i) = last;
            i += 1;
            x += 1;
            if x == self.cols.pixels {
                x = 0;
                y += 1;
            }
            if y == self.rows.pixels {
                y = 0;
                image += 1;
            }
        }
        // Offsets rise, so n of them within n places are neighbours.
        last + 1 - *offsets == n
    }
}

kernel! {
    /// dx `[n, c, h, w]` from dy `[n, o, oh, ow]` and w `[o, c / groups, kh, kw]`, plus `bias` `[c]` unless null.
    ///
    /// The range counts the tiles of [`conv2d_input_grad_tiles`], where `depthwise` is 1 if `c == o == groups`.
    fn conv2d_input_grad<T>(
        dx: *mut T, dy: *const T, weight: *const T, bias: *const T, n: usize, c: usize, h: usize, w: usize, o: usize,
        oh: usize, ow: usize, kh: usize, kw: usize, sh: usize, sw: usize, ph: usize, pw: usize, dh: usize, dw: usize,
        groups: usize, begin: usize, end: usize,
    ) {
        let shape = Shape::new(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups);
        if shape.depthwise() {
            return depthwise::input(dx, dy, weight, bias, &shape, begin, end);
        }
        let s = shape.flat();
        let largest = grid(n, s.group_in, s.rows.input, s.cols.input, sh, sw, groups);
        each_batch(largest.per_batch(), begin, end, |i, first, last| {
            let g = div(i, sh * sw);
            let phase = i - g * sh * sw;
            let a = div(phase, sw);
            let (rows, cols) = (Phase::new(&s.rows, a), Phase::new(&s.cols, phase - a * sw));
            let pixels = s.n * rows.pixels * cols.pixels;
            let this = Grid { n: pixels, cols: div_ceil(pixels, largest.nc), ..largest };
            let row = g * s.group_in;
            Product {
                c: dx.add(row * s.in_plane()),
                rsc: s.in_plane(),
                a: PhaseWeights { w: weight.add(g * s.group_out * s.window()), shape: &s, rows, cols },
                b: AlongLanes(PhaseGrads { dy: dy.add(g * s.group_out * s.out_plane()), shape: &s, rows, cols }),
                columns: PhasePixels { shape: &s, rows, cols },
                m: s.group_in,
                n: pixels,
                k: s.group_out * rows.taps * cols.taps,
                epilogue: Epilogue { bias: offset(bias, row), per_row: true, relu: false, accumulate: false },
            }
            .run(&this, first.min(this.per_batch()), last.min(this.per_batch()));
        });
    }
}

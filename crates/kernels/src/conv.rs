//! Two-dimensional convolution, NCHW and contiguous: y[n, o, p, q] = sum over c, r, s of
//! w[o, c, r, s] · x[n, c, p·stride + r·dilation − padding, …].
//!
//! All three products (output, input gradient, weight gradient) read an image as [`lines`]: a copy of a band of it in
//! which every tap is a shift, so that register tiles multiply what lies there and nothing is packed. Where planes are
//! tiny or a kernel is huge they are matrix products instead: packing reads an operand through an index map, im2col
//! without its buffer, and the input gradient adds a panel at a time, col2im.

mod depthwise;
mod direct;
mod dots;
mod input;
mod lines;
mod operands;
mod padded;
mod shape;
mod spread;
#[cfg(test)]
mod tests;
mod tile;
mod units;
mod weight;
mod windows;

use crate::gemm::{each_batch, AlongLanes, Epilogue, Grid, Product, Strided};
use crate::simd::Real;
use depthwise::Depthwise;
use direct::{Direct, Fit};
use operands::Operands;
use padded::Padded;
use shape::Shape;
use tile::Weights;
use windows::{Images, Windows};

/// The length of the work range of `conv2d`.
#[no_mangle]
pub unsafe extern "C" fn conv2d_tiles(
    n: usize,
    c: usize,
    h: usize,
    w: usize,
    o: usize,
    oh: usize,
    ow: usize,
    kh: usize,
    kw: usize,
    sh: usize,
    sw: usize,
    ph: usize,
    pw: usize,
    dh: usize,
    dw: usize,
    groups: usize,
) -> usize {
    let s = Shape::new(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups).flat();
    if let Some(padded) = Padded::new(&s) {
        return padded.units(&s).total();
    }
    match Fit::new(&s) {
        Some(fit) => fit.units(&s).total(),
        None => Grid::new(s.group_out, n * s.out_plane(), groups).per_batch() * groups,
    }
}

kernel! {
    /// y = x ⋆ w (+ bias): x `[n, c, h, w]`, w `[o, c / groups, kh, kw]`, bias `[o]` or null, y `[n, o, oh, ow]`.
    ///
    /// Padding is on the left and above; what the windows reach beyond the right and the bottom counts as zero
    /// too, so `oh` and `ow` say how much padding there is. The range counts the tiles of [`conv2d_tiles`].
    fn conv2d<T>(
        y: *mut T, x: *const T, weight: *const T, bias: *const T, n: usize, c: usize, h: usize, w: usize, o: usize,
        oh: usize, ow: usize, kh: usize, kw: usize, sh: usize, sw: usize, ph: usize, pw: usize, dh: usize, dw: usize,
        groups: usize, begin: usize, end: usize,
    ) {
        let s = Shape::new(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups).flat();
        let weights = Weights { p: weight, lane: s.window() as isize, channel: s.taps() as isize, tap: 1 };
        let operands = Operands { y, x, weights, next_group: s.group_out * s.window(), bias, shape: &s };
        if let Some(padded) = Padded::new(&s) {
            let units = padded.units(&s);
            let depthwise = Depthwise { operands, padded };
            let mut i = begin;
            while i < end {
                depthwise.run(&units.at(i));
                i += 1;
            }
            return;
        }
        if let Some(fit) = Fit::new(&s) {
            let units = fit.units(&s);
            let direct = Direct { operands, fit };
            let mut i = begin;
            while i < end {
                direct.run(&units.at(i));
                i += 1;
            }
            return;
        }
        let grid = Grid::new(s.group_out, s.n * s.out_plane(), groups);
        each_batch(grid.per_batch(), begin, end, |g, first, last| {
            let row = g * s.group_out;
            Product {
                c: y.add(row * s.out_plane()),
                rsc: s.out_plane(),
                a: Strided { p: weight.add(row * s.window()), lane: s.window() as isize, k: 1 },
                b: AlongLanes(Windows { x: x.add(g * s.group_in * s.in_plane()), shape: &s, first_image: 0 }),
                columns: Images { plane: s.out_plane(), image: s.groups * s.group_out * s.out_plane() },
                m: s.group_out,
                n: s.n * s.out_plane(),
                k: s.window(),
                epilogue: Epilogue { bias: offset(bias, row), per_row: true, relu: false, accumulate: false },
            }
            .run(&grid, first, last);
        });
    }
}

/// p + n, or null for null.
#[inline(always)]
unsafe fn offset<T: Real>(p: *const T, n: usize) -> *const T {
    if p.is_null() {
        p
    } else {
        p.add(n)
    }
}

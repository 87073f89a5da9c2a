//! Two-dimensional convolution, NCHW and contiguous: y[n, o, p, q] = sum over c, r, s of
//! w[o, c, r, s] · x[n, c, p·stride + r·dilation − padding, …].
//!
//! All three products (output, input gradient, weight gradient) are matrix products. In two of them packing reads an
//! operand through an index map: im2col without its buffer. The input gradient adds a panel at a time instead: col2im.
//! Depthwise ones go over rows directly.

mod depthwise;
mod input;
mod shape;
#[cfg(test)]
mod tests;
mod units;
mod weight;
mod windows;

use crate::gemm::{each_batch, AlongLanes, Epilogue, Grid, Product, Strided};
use crate::simd::Real;
use shape::Shape;
use windows::{Images, Windows};

/// The length of the work range of `conv2d`.
#[no_mangle]
pub unsafe extern "C" fn conv2d_tiles(n: usize, channels_out: usize, oh: usize, ow: usize, groups: usize, depthwise: u32) -> usize {
    if depthwise != 0 {
        n * channels_out
    } else {
        let m = crate::gemm::div(channels_out, groups);
        Grid::new(m, n * oh * ow, groups).per_batch() * groups
    }
}

kernel! {
    /// y = x ⋆ w (+ bias): x `[n, c, h, w]`, w `[o, c / groups, kh, kw]`, bias `[o]` or null, y `[n, o, oh, ow]`.
    ///
    /// Padding is on the left and above; what the windows reach beyond the right and the bottom counts as zero
    /// too, so `oh` and `ow` say how much padding there is. The range counts the tiles of [`conv2d_tiles`], where
    /// `depthwise` is 1 if `c == o == groups`.
    fn conv2d<T>(
        y: *mut T, x: *const T, weight: *const T, bias: *const T, n: usize, c: usize, h: usize, w: usize, o: usize,
        oh: usize, ow: usize, kh: usize, kw: usize, sh: usize, sw: usize, ph: usize, pw: usize, dh: usize, dw: usize,
        groups: usize, begin: usize, end: usize,
    ) {
        let shape = Shape::new(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups);
        if shape.depthwise() {
            return depthwise::forward(y, x, weight, bias, &shape, begin, end);
        }
        let s = shape.flat();
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

//! The weight gradient: dw[o, c, r, s] = sum over images and outputs of dy[n, o, p, q] · x[n, c, window].

use super::depthwise;
use super::shape::Shape;
use super::windows::{Planes, Windows};
use crate::gemm::{each_batch, Adjacent, AlongK, Epilogue, Grid, Product};

/// The length of the work range of `conv2d_weight_grad`.
#[no_mangle]
pub unsafe extern "C" fn conv2d_weight_grad_tiles(o: usize, c: usize, kh: usize, kw: usize, groups: usize, parts: usize) -> usize {
    let (group_out, group_in) = (crate::gemm::div(o, groups), crate::gemm::div(c, groups));
    if group_out == 1 && group_in == 1 {
        groups * parts
    } else {
        Grid::new(group_out, group_in * kh * kw, groups * parts).per_batch() * groups * parts
    }
}

kernel! {
    /// dw `[parts, o, c / groups, kh, kw]` from dy `[n, o, oh, ow]` and x `[n, c, h, w]`.
    ///
    /// The images are cut into `parts` runs with a sum each, to be added up afterwards: weights are few, and this
    /// is what there is to share among threads. Bits depend on `parts`, so it must not depend on the threads.
    /// The range counts the tiles of [`conv2d_weight_grad_tiles`].
    fn conv2d_weight_grad<T>(
        dw_out: *mut T, dy: *const T, x: *const T, parts: usize, n: usize, c: usize, h: usize, w: usize, o: usize,
        oh: usize, ow: usize, kh: usize, kw: usize, sh: usize, sw: usize, ph: usize, pw: usize, dh: usize, dw: usize,
        groups: usize, begin: usize, end: usize,
    ) {
        let shape = Shape::new(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups);
        let images = |part: usize| crate::gemm::div(part * n, parts);
        if shape.depthwise() {
            let mut t = begin;
            while t < end {
                let part = crate::gemm::div(t, groups);
                let g = t - part * groups;
                depthwise::weight(dw_out.add(t * shape.taps()), dy, x, &shape, g, images(part), images(part + 1));
                t += 1;
            }
            return;
        }
        let s = shape.flat();
        let grid = Grid::new(s.group_out, s.window(), groups * parts);
        each_batch(grid.per_batch(), begin, end, |i, first, last| {
            let part = crate::gemm::div(i, groups);
            let g = i - part * groups;
            let first_image = images(part);
            Product {
                c: dw_out.add(i * s.group_out * s.window()),
                rsc: s.window(),
                a: AlongK(Planes {
                    p: dy.add(g * s.group_out * s.out_plane()),
                    plane: s.out_plane(),
                    image: s.groups * s.group_out * s.out_plane(),
                    first_image,
                }),
                b: AlongK(Windows { x: x.add(g * s.group_in * s.in_plane()), shape: &s, first_image }),
                columns: Adjacent,
                m: s.group_out,
                n: s.window(),
                k: (images(part + 1) - first_image) * s.out_plane(),
                epilogue: Epilogue { bias: core::ptr::null(), per_row: false, relu: false, accumulate: false },
            }
            .run(&grid, first, last);
        });
    }
}

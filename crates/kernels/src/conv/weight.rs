//! The weight gradient: dw[o, c, r, s] = sum over images and outputs of dy[n, o, p, q] · x[n, c, window].

use super::depthwise::weight_gradient;
use super::direct::Fit;
use super::dots::Dots;
use super::lines::{Lines, SLACK};
use super::padded::Padded;
use super::shape::Shape;
use super::windows::{Planes, Windows};
use crate::gemm::operand::Scratch;
use crate::gemm::{div, div_ceil, each_batch, Adjacent, AlongK, Epilogue, Grid, Product};
use crate::simd::Real;
use crate::tuning::{DOT_LENGTH, LINES, PACKED_DEPTH};

/// The length of the work range of `conv2d_weight_grad`.
#[no_mangle]
pub unsafe extern "C" fn conv2d_weight_grad_tiles(
    parts: usize,
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
    if let Some((_, neighbours)) = Padded::for_weight(&s) {
        return parts * div_ceil(groups, neighbours);
    }
    let per_group = match Fit::new(&s) {
        Some(fit) => div_ceil(s.group_in, fit.channels),
        None => Grid::new(s.group_out, s.window(), groups * parts).per_batch(),
    };
    per_group * groups * parts
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
        let s = Shape::new(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups).flat();
        let images = |part: usize| div(part * n, parts);
        if let Some((padded, neighbours)) = Padded::for_weight(&s) {
            let blocks = div_ceil(groups, neighbours);
            let mut i = begin;
            while i < end {
                let part = div(i, blocks);
                let first = (i - part * blocks) * neighbours;
                let dw = dw_out.add(part * groups * s.group_out * s.window());
                let run = (images(part), images(part + 1));
                weight_gradient(dw, dy, x, &s, &padded, (first, groups.min(first + neighbours)), run);
                i += 1;
            }
            return;
        }
        if let Some(fit) = Fit::new(&s) {
            let blocks = div_ceil(s.group_in, fit.channels);
            let mut i = begin;
            while i < end {
                let of = div(i, blocks);
                let part = div(of, groups);
                let unit = Unit {
                    first: images(part),
                    last: images(part + 1),
                    group: of - part * groups,
                    channel: (i - of * blocks) * fit.channels,
                };
                gradient(dw_out.add(part * s.groups * s.group_out * s.window()), dy, x, &s, &fit, &unit);
                i += 1;
            }
            return;
        }
        let grid = Grid::new(s.group_out, s.window(), groups * parts);
        each_batch(grid.per_batch(), begin, end, |i, first, last| {
            let part = div(i, groups);
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

/// Images `first..last` × the channels of a block of a group.
struct Unit {
    first: usize,
    last: usize,
    group: usize,
    channel: usize,
}

/// The part of dw that belongs to one unit.
#[inline(never)]
unsafe fn gradient<T: Real>(dw: *mut T, dy: *const T, x: *const T, s: &Shape, fit: &Fit, unit: &Unit) {
    let mut lines_scratch = Scratch::<[T; LINES + SLACK]>::new();
    let mut offsets_scratch = Scratch::<[usize; PACKED_DEPTH]>::new();
    let (b, offsets): (*mut T, *mut usize) = (lines_scratch.at(), offsets_scratch.at());
    let channels = fit.channels.min(s.group_in - unit.channel);
    let row = unit.group * s.group_out;
    let dy = dy.add(row * s.out_plane());
    let x = x.add((unit.group * s.group_in + unit.channel) * s.in_plane());
    let (row_image, x_image) = (s.groups * s.group_out * s.out_plane(), s.groups * s.group_in * s.in_plane());
    let mut top = 0;
    while top < s.rows.output {
        let band = fit.band.min(s.rows.output - top);
        let lines = Lines::new(s, band);
        lines.offsets::<T>(offsets, channels);
        let size = lines.size(channels);
        // Small images go together: the longer the dot products, the fewer sums are written.
        let run = div(DOT_LENGTH, band * s.cols.output).min(div(LINES, size)).max(1);
        let mut image = unit.first;
        loop {
            let images = run.min(unit.last - image);
            let mut i = 0;
            while i < images {
                lines.load(b.add(i * size), x.add((image + i) * x_image), channels, top);
                i += 1;
            }
            Dots {
                out: dw.add(row * s.window() + unit.channel * s.taps()),
                pitch: s.window(),
                add: top > 0 || image > unit.first,
                images,
                cols: band * s.cols.output,
                rows: s.group_out,
                row: dy.add(image * row_image + top * s.cols.output),
                next_row: s.out_plane(),
                row_image,
                lines: channels * s.taps(),
                line: b,
                offsets,
                line_image: size,
            }
            .run();
            image += images;
            if image >= unit.last {
                break;
            }
        }
        top += band;
    }
}

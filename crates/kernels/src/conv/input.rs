//! The input gradient, which is also the forward pass of the transposed convolution.
//!
//! A product with the kernels' taps as its rows, P[(channel, tap), output] = sum over o of w[o, channel, tap] · dy[o, output],
//! in panels small enough for the cache, each then added into dx tap by tap. So nothing is multiplied that
//! does not count, whatever the stride and the padding are.

use super::depthwise::Depthwise;
use super::direct::{Direct, Fit};
use super::offset;
use super::operands::Operands;
use super::padded::Padded;
use super::shape::Shape;
use super::spread::Spread;
use super::tile::{Weights, ROWS};
use super::units::{Size, Unit, Units, Whole};
use super::windows::{add, fill, Planes};
use crate::gemm::operand::Scratch;
use crate::gemm::{div, div_ceil, Adjacent, AlongLanes, Epilogue, Grid, Product, Strided, MC, NC};
use crate::simd::Real;
use crate::tuning::{LEAST_COLS, LEAST_ROWS, LEAST_SPANS, MOST_ZEROS, PANEL};

/// As a convolution of dy with few outputs a group.
fn few(s: &Shape) -> Option<(Shape, Padded)> {
    let turned = s.turned()?;
    Some((turned, Padded::new(&turned)?))
}

/// As a convolution of dy, unless that multiplies too many zeros of the padding, or has fewer rows than a register
/// tile to share what it reads, which a panel has not.
fn turned(s: &Shape) -> Option<(Shape, Fit)> {
    let turned = s.turned()?;
    let fit = Fit::new(&turned)?;
    let dense = s.in_plane() * MOST_ZEROS.1 <= s.out_plane() * MOST_ZEROS.0;
    (dense && (s.group_in >= ROWS || s.group_out < ROWS)).then_some((turned, fit))
}

fn units(s: &Shape) -> Units {
    // Small images together fill a panel, and share the packed weights.
    let images = div(NC, s.out_plane()).clamp(1, s.n.max(1));
    let blocks = div_ceil(s.group_in, div(PANEL, s.taps()).max(1));
    let whole = Whole {
        images: s.n,
        groups: s.groups,
        channels: s.group_in,
        rows: s.rows.input,
    };
    let size = Size {
        images,
        channels: div_ceil(s.group_in, blocks),
        band: s.rows.input,
    };
    let span = s.rows.dilation * (s.rows.kernel - 1) + 1;
    let least = Size {
        images: div_ceil(LEAST_COLS, s.out_plane()).max(1),
        channels: div_ceil(LEAST_ROWS, s.taps()),
        band: LEAST_SPANS * span,
    };
    Units::new(whole, size, least)
}

/// The length of the work range of `conv2d_input_grad`.
#[no_mangle]
pub unsafe extern "C" fn conv2d_input_grad_tiles(
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
    if let Some((turned, padded)) = few(&s) {
        padded.units(&turned).total()
    } else if let Some((turned, fit)) = turned(&s) {
        fit.units(&turned).total()
    } else if let Some(spread) = Spread::new(&s) {
        spread.units(&s).total()
    } else {
        units(&s).total()
    }
}

kernel! {
    /// dx `[n, c, h, w]` from dy `[n, o, oh, ow]` and w `[o, c / groups, kh, kw]`, plus `bias` `[c]` unless null.
    ///
    /// The range counts the units of [`conv2d_input_grad_tiles`].
    fn conv2d_input_grad<T>(
        dx: *mut T, dy: *const T, weight: *const T, bias: *const T, n: usize, c: usize, h: usize, w: usize, o: usize,
        oh: usize, ow: usize, kh: usize, kw: usize, sh: usize, sw: usize, ph: usize, pw: usize, dh: usize, dw: usize,
        groups: usize, begin: usize, end: usize,
    ) {
        let s = Shape::new(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups).flat();
        let mut i = begin;
        let taps = s.taps();
        let weights = Weights { p: weight.add(taps - 1), lane: taps as isize, channel: s.window() as isize, tap: -1 };
        let next_group = s.group_out * s.window();
        if let Some((turned, padded)) = few(&s) {
            let units = padded.units(&turned);
            let depthwise = Depthwise { operands: Operands { y: dx, x: dy, weights, next_group, bias, shape: &turned }, padded };
            while i < end {
                depthwise.run(&units.at(i));
                i += 1;
            }
            return;
        }
        if let Some((turned, fit)) = turned(&s) {
            let units = fit.units(&turned);
            let direct = Direct { operands: Operands { y: dx, x: dy, weights, next_group, bias, shape: &turned }, fit };
            while i < end {
                direct.run(&units.at(i));
                i += 1;
            }
            return;
        }
        let spread = Spread::new(&s);
        let units = spread.as_ref().map_or_else(|| units(&s), |spread| spread.units(&s));
        while i < end {
            let unit = units.at(i);
            let channel = unit.group * s.group_in + unit.channel;
            let dx = dx.add((unit.image * s.groups * s.group_in + channel) * s.in_plane());
            let dy = dy.add((unit.image * s.groups + unit.group) * s.group_out * s.out_plane());
            let weight = weight.add(unit.group * s.group_out * s.window() + unit.channel * s.taps());
            clear(dx, offset(bias, channel), &s, &unit);
            match &spread {
                Some(spread) => spread.run(dx, dy, weight, &s, &unit),
                None => panels(dx, dy, weight, &s, &unit),
            }
            i += 1;
        }
    }
}

/// Adds to dx all that belongs to one unit. `dx`, `dy` and `weight` are at the unit's first image and channel.
#[inline(never)]
unsafe fn panels<T: Real>(dx: *mut T, dy: *const T, weight: *const T, s: &Shape, unit: &Unit) {
    let mut scratch = Scratch::<[T; PANEL * NC]>::new();
    let panel: *mut T = scratch.at();
    let (mut col, last) = unit.outputs(s);
    while col < last {
        let cols = NC.min(last - col);
        let mut row = 0;
        while row < unit.channels * s.taps() {
            let rows = PANEL.min(unit.channels * s.taps() - row);
            let grid = Grid {
                mc: MC,
                nc: NC,
                m: rows,
                n: cols,
                rows: rows.div_ceil(MC),
                cols: 1,
            };
            Product {
                c: panel,
                rsc: NC,
                a: Strided {
                    p: weight.add(row),
                    lane: 1,
                    k: s.window() as isize,
                },
                // Several images come in one block, from column 0 on: an offset into the first is enough.
                b: AlongLanes(Planes {
                    p: dy.add(col),
                    plane: s.out_plane(),
                    image: s.groups * s.group_out * s.out_plane(),
                    first_image: 0,
                }),
                columns: Adjacent,
                m: rows,
                n: cols,
                k: s.group_out,
                epilogue: Epilogue {
                    bias: core::ptr::null(),
                    per_row: false,
                    relu: false,
                    accumulate: false,
                },
            }
            .run(&grid, 0, grid.rows);
            let mut i = 0;
            while i < rows {
                add_row(dx, panel.add(i * NC), s, unit, row + i, col, cols);
                i += 1;
            }
            row += rows;
        }
        col += cols;
    }
}

/// dx = bias, or 0, in the unit.
#[inline(always)]
unsafe fn clear<T: Real>(dx: *mut T, bias: *const T, s: &Shape, unit: &Unit) {
    let mut image = 0;
    while image < unit.images {
        let mut channel = 0;
        while channel < unit.channels {
            let plane = dx.add((image * s.groups * s.group_in + channel) * s.in_plane());
            let value = if bias.is_null() { T::ZERO } else { *bias.add(channel) };
            fill(plane.add(unit.top * s.cols.input), (unit.bottom - unit.top) * s.cols.input, value);
            channel += 1;
        }
        image += 1;
    }
}

/// Adds outputs `col..col + cols` of one row (channel, tap) of P to the pixels that they come from.
#[inline(always)]
unsafe fn add_row<T: Real>(dx: *mut T, p: *const T, s: &Shape, unit: &Unit, row: usize, col: usize, cols: usize) {
    let channel = div(row, s.taps());
    let tap = row - channel * s.taps();
    let r = div(tap, s.cols.kernel);
    let q = tap - r * s.cols.kernel;
    let width = s.cols.output;
    let (first, last) = s.rows.reading(r, unit.top, unit.bottom);
    let (lo, hi) = s.cols.valid(q);
    let mut image = div(col, s.out_plane());
    // Where the image's output 0 is, counted from the first column: the first image may have begun before it.
    let mut origin = (image * s.out_plane()) as isize - col as isize;
    while origin < cols as isize {
        let plane = dx.add((image * s.groups * s.group_in + channel) * s.in_plane());
        let from = first.max(div((-origin).max(0) as usize, width));
        let to = last.min(div_ceil((cols as isize - origin) as usize, width));
        let mut y = from;
        while y < to {
            let start = origin + (y * width) as isize;
            // The part of the row that is among the columns.
            let lo = lo.max((-start).max(0) as usize);
            let hi = hi.min((cols as isize - start) as usize);
            if lo < hi {
                let dx = plane.add(s.rows.source(y, r) * s.cols.input + s.cols.source(lo, q));
                add(dx, s.cols.stride, p.offset(start + lo as isize), hi - lo);
            }
            y += 1;
        }
        origin += s.out_plane() as isize;
        image += 1;
    }
}

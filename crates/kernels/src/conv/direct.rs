//! Products with the [`Lines`] of an image: the convolution itself, and, where the stride is 1, its input gradient, a
//! convolution of dy with the kernel turned round.

use super::lines::{Lines, SLACK};
use super::operands::Operands;
use super::shape::Shape;
use super::tile::{Block, Weights, ROWS};
use super::units::{Size, Unit, Units, Whole};
use crate::gemm::operand::Scratch;
use crate::gemm::{div, div_ceil};
use crate::simd::Real;
use crate::tuning::{LEAST_LINE_ROWS, LEAST_PLANE, LEAST_SPANS, LINES, MC, NC, PACKED_DEPTH};

/// What fits into a block of lines.
pub(super) struct Fit {
    /// Channels of x.
    pub channels: usize,
    /// Output rows.
    pub band: usize,
}

impl Fit {
    /// None where not even a row does, or where planes are so small that a product should run over several images.
    pub fn new(s: &Shape) -> Option<Self> {
        let depth = div(PACKED_DEPTH, s.taps());
        let mut fit = Fit {
            channels: div_ceil(s.group_in, div_ceil(s.group_in, depth.max(1))).max(1),
            band: s.rows.output,
        };
        while Lines::new(s, fit.band).size(fit.channels) > LINES {
            if fit.band > LEAST_SPANS * (s.rows.reach() + 1) {
                fit.band = div_ceil(fit.band, 2);
            } else if fit.channels > 1 {
                fit.channels = div_ceil(fit.channels, 2);
            } else if fit.band > 1 {
                fit.band = div_ceil(fit.band, 2);
            } else {
                return None;
            }
        }
        (depth > 0 && s.out_plane() >= LEAST_PLANE).then_some(fit)
    }
}

pub(super) struct Direct<'a, T> {
    pub operands: Operands<'a, T>,
    pub fit: Fit,
}

impl Fit {
    pub fn units(&self, s: &Shape) -> Units {
        let blocks = div_ceil(s.group_out, MC).max(1);
        let whole = Whole {
            images: s.n,
            groups: s.groups,
            channels: s.group_out,
            rows: s.rows.output,
        };
        // Small images share the packed weights.
        let images = if self.band < s.rows.output {
            1
        } else {
            div(NC, s.out_plane()).clamp(1, s.n.max(1))
        };
        let size = Size {
            images,
            channels: div_ceil(s.group_out, blocks).next_multiple_of(ROWS),
            band: self.band,
        };
        Units::new(
            whole,
            size,
            Size {
                images: 1,
                channels: LEAST_LINE_ROWS,
                band: LEAST_SPANS * (s.rows.reach() + 1),
            },
        )
    }
}

impl<T: Real> Direct<'_, T> {
    /// The part of y that belongs to one unit.
    #[inline(never)]
    pub unsafe fn run(&self, unit: &Unit) {
        let Operands {
            y,
            x,
            weights,
            next_group,
            bias,
            shape: s,
        } = self.operands;
        let lines = Lines::new(s, unit.bottom - unit.top);
        let mut lines_scratch = Scratch::<[T; LINES + SLACK]>::new();
        let mut weights_scratch = Scratch::<[T; MC * PACKED_DEPTH]>::new();
        let mut offsets_scratch = Scratch::<[usize; PACKED_DEPTH]>::new();
        let (b, a, offsets): (*mut T, *mut T, *mut usize) = (lines_scratch.at(), weights_scratch.at(), offsets_scratch.at());
        lines.offsets::<T>(offsets, self.fit.channels);
        let row = unit.group * s.group_out + unit.channel;
        let weights = Weights {
            p: weights.p.add(unit.group * next_group),
            ..weights
        };
        let mut first = 0;
        loop {
            let channels = self.fit.channels.min(s.group_in - first);
            weights.pack(a, unit.channel, unit.channels, first, channels, s.taps());
            let mut image = unit.image;
            while image < unit.image + unit.images {
                let x = x.add(((image * s.groups + unit.group) * s.group_in + first) * s.in_plane());
                lines.load(b, x, channels, unit.top);
                Block {
                    rows: unit.channels,
                    cols: (unit.bottom - unit.top) * s.cols.output,
                    depth: channels * s.taps(),
                    a,
                    b,
                    offsets,
                    c: y.add((image * s.groups * s.group_out + row) * s.out_plane() + unit.top * s.cols.output),
                    pitch: s.out_plane(),
                    add: first > 0,
                    bias: super::offset(bias, row),
                }
                .run();
                image += 1;
            }
            first += channels;
            if first >= s.group_in {
                return;
            }
        }
    }
}

//! The input gradient as the transpose of reading [`Lines`]: each tap's product with dy is added to the line that the
//! tap would read, and the lines are then added into dx. So nothing is multiplied that does not count, whatever the
//! stride and the padding are.

use super::lines::{line_length, Lines, SLACK};
use super::shape::Shape;
use super::tile::{Block, Weights, ROWS};
use super::units::{Size, Unit, Units, Whole};
use super::windows::{copy, fill};
use crate::gemm::operand::Scratch;
use crate::gemm::{div, div_ceil};
use crate::simd::Real;
use crate::tuning::{LEAST_PLANE, LEAST_SPANS, LINES, MC, NC, PACKED_DEPTH, SOURCE};

const PACKED: usize = MC * PACKED_DEPTH;

/// What goes through at once.
pub(super) struct Spread {
    /// Output channels.
    depth: usize,
    /// Input channels.
    channels: usize,
    /// Rows of dx.
    band: usize,
}

impl Spread {
    /// None where not even a row of a few channels fits, or where a panel shares more of what it reads.
    pub fn new(s: &Shape) -> Option<Self> {
        let most = div(PACKED, s.taps() * ROWS).min(PACKED_DEPTH);
        if most == 0 || (s.group_in < ROWS && s.group_out >= ROWS) || s.out_plane() < LEAST_PLANE {
            return None;
        }
        let depth = div_ceil(s.group_out, div_ceil(s.group_out, most)).max(1);
        let channels = s.group_in.min(div(PACKED, s.taps() * depth) & !(ROWS - 1));
        let mut spread = Spread {
            depth,
            channels,
            band: s.rows.input,
        };
        loop {
            let outputs = s.rows.output.min(div(spread.band + s.rows.reach(), s.rows.stride) + 1);
            if Lines::new(s, outputs).size(spread.channels) <= LINES && depth * line_length(outputs * s.cols.output) <= SOURCE {
                return Some(spread);
            }
            if spread.band > LEAST_SPANS * (s.rows.reach() + 1) {
                spread.band = div_ceil(spread.band, 2);
            } else if spread.channels > ROWS {
                spread.channels = (spread.channels / 2).next_multiple_of(ROWS);
            } else if spread.band > 1 {
                spread.band = div_ceil(spread.band, 2);
            } else {
                return None;
            }
        }
    }

    pub fn units(&self, s: &Shape) -> Units {
        let whole = Whole {
            images: s.n,
            groups: s.groups,
            channels: s.group_in,
            rows: s.rows.input,
        };
        // Small images share the packed weights.
        let images = if self.band < s.rows.input {
            1
        } else {
            div(NC, s.out_plane()).clamp(1, s.n.max(1))
        };
        let size = Size {
            images,
            channels: self.channels,
            band: self.band,
        };
        Units::new(
            whole,
            size,
            Size {
                images: 1,
                channels: 2 * ROWS,
                band: LEAST_SPANS * (s.rows.reach() + 1),
            },
        )
    }

    /// Adds to dx all that belongs to one unit. `dx`, `dy` and `weight` are at the unit's first image and channel.
    #[inline(never)]
    pub unsafe fn run<T: Real>(&self, dx: *mut T, dy: *const T, weight: *const T, s: &Shape, unit: &Unit) {
        let mut lines_scratch = Scratch::<[T; LINES + SLACK]>::new();
        let mut source_scratch = Scratch::<[T; SOURCE + SLACK]>::new();
        let mut weights_scratch = Scratch::<[T; PACKED]>::new();
        let mut offsets_scratch = Scratch::<[usize; PACKED_DEPTH]>::new();
        let (sums, source, packed): (*mut T, *mut T, *mut T) = (lines_scratch.at(), source_scratch.at(), weights_scratch.at());
        let offsets: *mut usize = offsets_scratch.at();
        let (top, bottom) = unit.rows_out(s);
        let lines = Lines::new(s, bottom - top);
        let cols = (bottom - top) * s.cols.output;
        let pitch = line_length(cols);
        let mut first = 0;
        while first < s.group_out {
            let depth = self.depth.min(s.group_out - first);
            let mut tap = 0;
            while tap < s.taps() {
                let weights = Weights {
                    p: weight.add(tap),
                    lane: s.taps() as isize,
                    channel: s.window() as isize,
                    tap: 0,
                };
                weights.pack(packed.add(tap * unit.channels * depth), 0, unit.channels, first, depth, 1);
                tap += 1;
            }
            let mut image = 0;
            while image < unit.images {
                let from = dy.add((image * s.groups * s.group_out + first) * s.out_plane() + top * s.cols.output);
                let mut k = 0;
                while k < depth {
                    *offsets.add(k) = k * pitch * size_of::<T>();
                    copy(source.add(k * pitch), from.add(k * s.out_plane()), cols);
                    k += 1;
                }
                fill(sums, lines.size(unit.channels), T::ZERO);
                tap = 0;
                while tap < s.taps() {
                    let r = div(tap, s.cols.kernel);
                    Block {
                        rows: unit.channels,
                        cols,
                        depth,
                        a: packed.add(tap * unit.channels * depth),
                        b: source,
                        offsets,
                        c: sums.add(lines.offset(0, r, tap - r * s.cols.kernel)),
                        pitch: lines.size(1),
                        add: true,
                        bias: core::ptr::null(),
                    }
                    .run();
                    tap += 1;
                }
                lines.add_to(
                    dx.add(image * s.groups * s.group_in * s.in_plane()),
                    sums,
                    unit.channels,
                    top,
                    (unit.top, unit.bottom),
                );
                image += 1;
            }
            first += depth;
        }
    }
}

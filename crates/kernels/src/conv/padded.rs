//! Convolutions whose groups have few outputs, depthwise ones above all. No rows of weights share what a tile reads
//! there, so that a copy per column of the kernel, as [`Lines`] are, takes longer than the products. One copy is made,
//! with the zeros of the padding in it, and strips of it, a vector wide, are gone through from top to bottom with up to
//! [`TAPS`] × [`TAPS`] taps in registers.

use super::lines::Lines;
use super::shape::{Axis, Shape};
use super::tile::ROWS;
use super::units::{Size, Units, Whole};
use crate::gemm::{div, div_ceil};
use crate::simd::{Real, Vector};
use crate::tuning::{LEAST_SPANS, LINES, NEIGHBOURS, PACKED_DEPTH};

/// Most rows and columns of taps at once: with a sum for each row, and what is read, they fill the registers.
pub(super) const TAPS: usize = 3;

/// Lanes of the widest vector.
const LEAST_WIDTH: usize = 4;

pub(super) struct Padded {
    /// The convolution whose [`Lines`] the copy is: it has one tap for each step of the stride, and so many more
    /// outputs that all taps of the real one are shifts along a line.
    pub source: Shape,
    /// Output rows.
    pub band: usize,
}

/// Some taps of a channel, and where the band's output 0 finds them.
pub(super) struct Block {
    pub channel: usize,
    /// The topmost on the left; those beside it follow.
    pub tap: usize,
    pub rows: usize,
    pub cols: usize,
    /// From tap to tap downwards, which are a line apart.
    pub down: usize,
    /// Where the topmost tap of each column lies, in bytes.
    pub at: [usize; TAPS],
}

impl Padded {
    /// None where enough outputs share what they read, or where not even a row fits.
    pub fn new(s: &Shape) -> Option<Self> {
        if s.group_out >= ROWS || s.group_in * s.taps() > PACKED_DEPTH || s.rows.output == 0 || s.cols.output < LEAST_WIDTH {
            return None;
        }
        let source = Shape {
            cols: Axis {
                output: s.cols.output + div(s.cols.reach(), s.cols.stride),
                kernel: s.cols.stride.min(s.cols.reach() + 1),
                dilation: 1,
                ..s.cols
            },
            ..*s
        };
        let mut band = s.rows.output;
        loop {
            if Lines::new(&source, band).size(s.group_in) <= LINES {
                return Some(Padded { source, band });
            }
            if band == 1 {
                return None;
            }
            band = div_ceil(band, 2);
        }
    }

    pub fn units(&self, s: &Shape) -> Units {
        let whole = Whole {
            images: s.n,
            groups: s.groups,
            channels: s.group_out,
            rows: s.rows.output,
        };
        let size = Size {
            images: 1,
            channels: s.group_out,
            band: self.band,
        };
        let band = LEAST_SPANS * (s.rows.reach() + 1);
        Units::new(whole, size, Size { band, ..size })
    }

    /// For the weight gradient, and how many groups a unit of it goes through image by image. None where several outputs
    /// share the lines of all channels.
    pub fn for_weight(s: &Shape) -> Option<(Self, usize)> {
        let padded = Self::new(s).filter(|_| s.groups > 1 || s.group_out == 1)?;
        let most = div_ceil(NEIGHBOURS, s.group_in * s.in_plane()).min(s.groups);
        Some((padded, div_ceil(s.groups, div_ceil(s.groups, most))))
    }

    /// Cuts the kernels of the group's channels into blocks, and says how many there are.
    pub unsafe fn blocks<T>(&self, s: &Shape, lines: &Lines, to: *mut Block) -> usize {
        // Taps so many rows apart read neighbouring lines.
        let step = div(s.rows.stride, s.rows.dilation);
        let step = if step * s.rows.dilation == s.rows.stride {
            step
        } else {
            s.rows.kernel
        };
        let mut n = 0;
        let mut i = 0;
        while i < s.group_in * s.rows.kernel {
            let channel = div(i, s.rows.kernel);
            let r = i - channel * s.rows.kernel;
            let mut q = 0;
            // The rows that no block above has.
            let above = div(r, step);
            while q < s.cols.kernel && above == div(above, TAPS) * TAPS {
                let mut block = Block {
                    channel,
                    tap: r * s.cols.kernel + q,
                    rows: TAPS.min(div_ceil(s.rows.kernel - r, step)),
                    cols: TAPS.min(s.cols.kernel - q),
                    down: step * s.cols.kernel,
                    at: [0; TAPS],
                };
                let mut j = 0;
                while j < block.cols {
                    let col = (q + j) * s.cols.dilation;
                    let along = div(col, s.cols.stride);
                    block.at[j] = (lines.offset(channel, r, col - along * s.cols.stride) + along) * size_of::<T>();
                    j += 1;
                }
                q += block.cols;
                to.add(n).write(block);
                n += 1;
            }
            i += 1;
        }
        n
    }
}

/// A strip of a plane of outputs, a vector wide.
pub(super) struct Strip {
    /// Its first element among the outputs, and in the lines.
    pub output: usize,
    pub source: usize,
    pub rows: usize,
    /// How many columns, on the right, no strip before has.
    pub fresh: usize,
    /// Elements from row to row.
    pub next_output: usize,
    pub next_source: usize,
}

impl Strip {
    /// The strips of a band of `rows` rows: the last one overlaps.
    #[inline(always)]
    pub fn each<T: Real>(s: &Shape, rows: usize, padded: &Padded, mut f: impl FnMut(Strip)) {
        let lanes = T::V::LANES;
        let cols = s.cols.output;
        // A single row is cut into vectors that lie below one another.
        let flat = s.rows.kernel == 1 && rows == 1;
        let mut col = 0;
        while col < cols {
            let first = col.min(cols - lanes);
            let fresh = first + lanes - col;
            let whole = flat && fresh == lanes;
            let strip = Strip {
                output: first,
                source: first,
                rows: if whole { div(cols, lanes) } else { rows },
                fresh,
                next_output: if flat { lanes } else { cols },
                next_source: if flat { lanes } else { padded.source.cols.output },
            };
            col = if whole { strip.rows * lanes } else { col + fresh };
            f(strip);
        }
    }
}

/// What is done with each block.
pub(super) trait Slide {
    unsafe fn slide<const J: usize, const K: usize>(&self, block: &Block);
}

impl Block {
    #[inline(always)]
    pub unsafe fn give(&self, to: &impl Slide) {
        match self.rows {
            1 => self.columns::<1>(to),
            2 => self.columns::<2>(to),
            _ => self.columns::<TAPS>(to),
        }
    }

    #[inline(always)]
    unsafe fn columns<const J: usize>(&self, to: &impl Slide) {
        match self.cols {
            1 => to.slide::<J, 1>(self),
            2 => to.slide::<J, 2>(self),
            _ => to.slide::<J, TAPS>(self),
        }
    }
}

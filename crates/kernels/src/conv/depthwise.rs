//! The products with a [`Padded`] copy: the convolution, its input gradient where the stride is 1, and the sums of the
//! weight gradient.

use super::dots::last_lanes;
use super::lines::{Lines, SLACK};
use super::operands::Operands;
use super::padded::{Block, Padded, Slide, Strip, TAPS};
use super::shape::Shape;
use super::tile::Weights;
use super::units::Unit;
use super::windows::fill;
use crate::gemm::operand::Scratch;
use crate::simd::{Real, Vector};
use crate::tuning::{LINES, PACKED_DEPTH};

pub(super) struct Depthwise<'a, T> {
    pub operands: Operands<'a, T>,
    pub padded: Padded,
}

impl<T: Real> Depthwise<'_, T> {
    /// The part of y that belongs to one unit.
    #[inline(never)]
    pub unsafe fn run(&self, unit: &Unit) {
        let Operands {
            y,
            x: source,
            weights,
            next_group,
            bias,
            shape: s,
        } = self.operands;
        let rows = unit.bottom - unit.top;
        let lines = Lines::new(&self.padded.source, rows);
        let mut lines_scratch = Scratch::<[T; LINES + SLACK]>::new();
        let mut blocks_scratch = Scratch::<[Block; PACKED_DEPTH]>::new();
        let (x, blocks): (*mut T, *mut Block) = (lines_scratch.at(), blocks_scratch.at());
        let count = self.padded.blocks::<T>(s, &lines, blocks);
        let image = unit.image * s.groups + unit.group;
        lines.load(x, source.add(image * s.group_in * s.in_plane()), s.group_in, unit.top);
        let mut channel = 0;
        while channel < s.group_out {
            let y = y.add((image * s.group_out + channel) * s.out_plane() + unit.top * s.cols.output);
            let group = weights.p.add(unit.group * next_group);
            let bias = super::offset(bias, unit.group * s.group_out + channel);
            Strip::each::<T>(s, rows, &self.padded, |strip| {
                let (y, x) = (y.add(strip.output), x.add(strip.source));
                let weights = Weights {
                    p: group.offset(channel as isize * weights.lane),
                    ..weights
                };
                let bias = if bias.is_null() { T::ZERO } else { *bias };
                (*blocks).give(&Products::<T, false> {
                    y,
                    x,
                    strip: &strip,
                    weights,
                    bias,
                });
                let mut i = 1;
                while i < count {
                    (*blocks.add(i)).give(&Products::<T, true> {
                        y,
                        x,
                        strip: &strip,
                        weights,
                        bias,
                    });
                    i += 1;
                }
            });
            channel += 1;
        }
    }
}

/// y = the block's taps · x, plus what y is (`ADD`) or the bias.
struct Products<'a, T, const ADD: bool> {
    y: *mut T,
    x: *const T,
    strip: &'a Strip,
    weights: Weights<T>,
    bias: T,
}

impl<T: Real, const ADD: bool> Slide for Products<'_, T, ADD> {
    #[inline(never)]
    unsafe fn slide<const J: usize, const K: usize>(&self, block: &Block) {
        let Strip {
            rows,
            next_output,
            next_source,
            ..
        } = *self.strip;
        let at = block.at;
        let first = self.weights.p.offset(block.channel as isize * self.weights.channel);
        let mut w = [[T::V::splat(T::ZERO); K]; J];
        let mut q = 0;
        while q < K {
            let mut j = 0;
            while j < J {
                w[j][q] = T::V::splat(*first.wrapping_offset((block.tap + j * block.down + q) as isize * self.weights.tap));
                j += 1;
            }
            q += 1;
        }
        let bias = T::V::splat(self.bias);
        let mut sums = [bias; TAPS];
        let (mut x, mut y) = (self.x, self.y);
        let mut line = 0;
        // A line starts the output of its row, and ends the one J − 1 rows above.
        while line < rows + J - 1 {
            if ADD && line < rows {
                sums[J - 1] = T::V::load(y);
            }
            let mut q = 0;
            while q < K {
                let v = T::V::load(x.byte_add(at[q]));
                let mut j = 0;
                while j < J {
                    sums[J - 1 - j] = w[j][q].madd(v, sums[J - 1 - j]);
                    j += 1;
                }
                q += 1;
            }
            if line >= J - 1 {
                sums[0].store(y.wrapping_sub((J - 1) * next_output));
            }
            sums = [sums[1], sums[2], bias];
            sums[J - 1] = bias;
            x = x.wrapping_add(next_source);
            y = y.wrapping_add(next_output);
            line += 1;
        }
    }
}

/// dw of groups `first..last`, from images `images.0..images.1`. Group by group within an image, as they lie in memory.
#[inline(never)]
pub(super) unsafe fn weight_gradient<T: Real>(
    dw: *mut T,
    dy: *const T,
    x: *const T,
    s: &Shape,
    padded: &Padded,
    (first, last): (usize, usize),
    images: (usize, usize),
) {
    let mut lines_scratch = Scratch::<[T; LINES + SLACK]>::new();
    let mut blocks_scratch = Scratch::<[Block; PACKED_DEPTH]>::new();
    let (copy, blocks): (*mut T, *mut Block) = (lines_scratch.at(), blocks_scratch.at());
    let size = s.group_out * s.window();
    fill(dw.add(first * size), (last - first) * size, T::ZERO);
    let mut top = 0;
    while top < s.rows.output {
        let rows = padded.band.min(s.rows.output - top);
        let lines = Lines::new(&padded.source, rows);
        let count = padded.blocks::<T>(s, &lines, blocks);
        let mut image = images.0;
        while image < images.1 {
            let mut group = first;
            while group < last {
                let at = image * s.groups + group;
                lines.load(copy, x.add(at * s.group_in * s.in_plane()), s.group_in, top);
                let mut channel = 0;
                while channel < s.group_out {
                    let mut i = 0;
                    while i < count {
                        (*blocks.add(i)).give(&Sums {
                            dw: dw.add(group * size + channel * s.window()),
                            dy: dy.add((at * s.group_out + channel) * s.out_plane() + top * s.cols.output),
                            x: copy,
                            rows,
                            shape: s,
                            padded,
                        });
                        i += 1;
                    }
                    channel += 1;
                }
                group += 1;
            }
            image += 1;
        }
        top += rows;
    }
}

/// dw += the dot products of dy with what the block's taps read.
struct Sums<'a, T> {
    dw: *mut T,
    dy: *const T,
    x: *const T,
    rows: usize,
    shape: &'a Shape,
    padded: &'a Padded,
}

impl<T: Real> Slide for Sums<'_, T> {
    #[inline(never)]
    unsafe fn slide<const J: usize, const K: usize>(&self, block: &Block) {
        let mut sums = [[T::V::splat(T::ZERO); K]; J];
        Strip::each::<T>(self.shape, self.rows, self.padded, |strip| {
            let (dy, x) = (self.dy.add(strip.output), self.x.add(strip.source));
            if strip.fresh == T::V::LANES {
                add_strip(&mut sums, dy, x, &strip, block, |p| T::V::load(p));
            } else {
                // The last whole vector again, without what has been counted.
                let fresh = last_lanes::<T>(strip.fresh);
                add_strip(&mut sums, dy, x, &strip, block, |p| T::V::load(p).and(fresh));
            }
        });
        let dw = self.dw.add(block.channel * self.shape.taps() + block.tap);
        let mut j = 0;
        while j < J {
            let mut q = 0;
            while q < K {
                let dw = dw.add(j * block.down + q);
                *dw = *dw + sums[j][q].sum_lanes();
                q += 1;
            }
            j += 1;
        }
    }
}

/// Adds to the sums of each tap what a strip gives.
#[inline(always)]
unsafe fn add_strip<T: Real, const J: usize, const K: usize>(
    sums: &mut [[T::V; K]; J],
    dy: *const T,
    x: *const T,
    strip: &Strip,
    block: &Block,
    read: impl Fn(*const T) -> T::V,
) {
    let Strip {
        rows,
        next_output,
        next_source,
        ..
    } = *strip;
    let row = |i: usize| dy.wrapping_add(i * next_output);
    let line = |i: usize| {
        let mut q = 0;
        [(); K].map(|_| {
            q += 1;
            x.byte_add(block.at[q - 1]).wrapping_add(i * next_source)
        })
    };
    let mut acc = *sums;
    // Tap j reads, with line i, for the output of row i − j.
    let mut above = [T::V::splat(T::ZERO); TAPS];
    let mut i = 0;
    while i < rows + J - 1 {
        if i >= rows || i < J - 1 {
            // Not all rows of taps read this line, and what they do not read may be infinite.
            let dy = if i < rows { read(row(i)) } else { above[0] };
            above = [dy, above[0], above[1]];
            let x = line(i);
            let mut j = 0;
            while j < J {
                if j <= i && i < rows + j {
                    let mut q = 0;
                    while q < K {
                        acc[j][q] = above[j].madd(read(x[q]), acc[j][q]);
                        q += 1;
                    }
                }
                j += 1;
            }
            i += 1;
            continue;
        }
        let (mut at, mut dy) = (line(i), row(i));
        while i < rows {
            above = [read(dy), above[0], above[1]];
            let mut q = 0;
            while q < K {
                let x = read(at[q]);
                let mut j = 0;
                while j < J {
                    acc[j][q] = above[j].madd(x, acc[j][q]);
                    j += 1;
                }
                at[q] = at[q].wrapping_add(next_source);
                q += 1;
            }
            dy = dy.wrapping_add(next_output);
            i += 1;
        }
    }
    *sums = acc;
}

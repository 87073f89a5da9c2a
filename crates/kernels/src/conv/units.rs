//! How a convolution is cut into units of work. A unit owns its part of the result: it alone writes there, in an order
//! that depends on the shape only.

use super::shape::Shape;
use crate::gemm::{div, div_ceil};
use crate::tuning::ENOUGH_UNITS;

/// What is cut: the images, and the groups, channels and rows of the result.
#[derive(Clone, Copy)]
pub(super) struct Whole {
    pub images: usize,
    pub groups: usize,
    /// Channels of a group.
    pub channels: usize,
    pub rows: usize,
}

/// How much of each a unit takes.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub images: usize,
    pub channels: usize,
    /// All rows unless a unit has one image.
    pub band: usize,
}

/// The size of a unit, and the counts of units.
pub(super) struct Units {
    whole: Whole,
    size: Size,
    runs: usize,
    blocks: usize,
    bands: usize,
}

/// A run of images × a block of channels of a group × a band of rows.
pub(super) struct Unit {
    pub image: usize,
    pub images: usize,
    pub group: usize,
    /// Counted in the group.
    pub channel: usize,
    pub channels: usize,
    pub top: usize,
    pub bottom: usize,
}

impl Units {
    /// Units of at most `size`; smaller ones where there would be few, but none below `least`.
    pub fn new(whole: Whole, mut size: Size, least: Size) -> Self {
        loop {
            let units = Units {
                whole,
                size,
                runs: div_ceil(whole.images, size.images),
                blocks: div_ceil(whole.channels, size.channels),
                bands: div_ceil(whole.rows, size.band),
            };
            if units.total() >= ENOUGH_UNITS {
                return units;
            }
            if size.channels >= 2 * least.channels {
                size.channels = div_ceil(size.channels, 2);
            } else if size.images >= 2 * least.images {
                size.images = div_ceil(size.images, 2);
            } else if size.images == 1 && size.band >= 2 * least.band {
                size.band = div_ceil(size.band, 2);
            } else {
                return units;
            }
        }
    }

    pub fn total(&self) -> usize {
        self.runs * self.whole.groups * self.blocks * self.bands
    }

    pub fn at(&self, i: usize) -> Unit {
        let above = div(i, self.bands);
        let top = (i - above * self.bands) * self.size.band;
        let over = div(above, self.blocks);
        let channel = (above - over * self.blocks) * self.size.channels;
        let run = div(over, self.whole.groups);
        let image = run * self.size.images;
        Unit {
            image,
            images: self.size.images.min(self.whole.images - image),
            group: over - run * self.whole.groups,
            channel,
            channels: self.size.channels.min(self.whole.channels - channel),
            top,
            bottom: (top + self.size.band).min(self.whole.rows),
        }
    }
}

impl Unit {
    /// The outputs, counted from the first image on, that read pixels of the unit.
    pub fn outputs(&self, s: &Shape) -> (usize, usize) {
        if self.images > 1 {
            return (0, self.images * s.out_plane());
        }
        let (top, bottom) = self.rows_out(s);
        (top * s.cols.output, bottom * s.cols.output)
    }
    /// The rows of the output that read rows of the unit.
    pub fn rows_out(&self, s: &Shape) -> (usize, usize) {
        let first = s.rows.reading(s.rows.kernel - 1, self.top, self.bottom).0;
        (first, s.rows.reading(0, self.top, self.bottom).1.max(first))
    }
}

//! How the input gradient is cut into units of work. A unit owns its part of dx: it alone writes there, in an order
//! that depends on the shape only.

use super::shape::Shape;
use crate::gemm::{div, div_ceil, NC};
use crate::tuning::{ENOUGH_UNITS, LEAST_COLS, LEAST_ROWS, LEAST_SPANS, PANEL};

/// The size of a unit, and the counts of units.
pub(super) struct Units {
    images: usize,
    channels: usize,
    /// Rows of dx. All of them unless a unit has one image.
    band: usize,
    runs: usize,
    groups: usize,
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
    pub fn new(s: &Shape) -> Self {
        let of = |images: usize, channels: usize, band: usize| Units {
            images,
            channels,
            band,
            runs: div_ceil(s.n, images),
            groups: s.groups,
            blocks: div_ceil(s.group_in, channels),
            bands: div_ceil(s.rows.input, band),
        };
        // Small images together fill a panel, and share the packed weights.
        let (mut images, mut band) = (div(NC, s.out_plane()).clamp(1, s.n.max(1)), s.rows.input);
        let blocks = div_ceil(s.group_in, div(PANEL, s.taps()).max(1));
        let mut channels = div_ceil(s.group_in, blocks);
        let span = s.rows.dilation * (s.rows.kernel - 1) + 1;
        loop {
            let units = of(images, channels, band);
            if units.total() >= ENOUGH_UNITS {
                return units;
            }
            if channels > 1 && channels * s.taps() >= 2 * LEAST_ROWS {
                channels = div_ceil(channels, 2);
            } else if images > 1 && images * s.out_plane() >= 2 * LEAST_COLS {
                images = div_ceil(images, 2);
            } else if images == 1 && band >= 2 * LEAST_SPANS * span {
                band = div_ceil(band, 2);
            } else {
                return units;
            }
        }
    }

    pub fn total(&self) -> usize {
        self.runs * self.groups * self.blocks * self.bands
    }

    pub fn at(&self, i: usize, s: &Shape) -> Unit {
        let above = div(i, self.bands);
        let top = (i - above * self.bands) * self.band;
        let over = div(above, self.blocks);
        let channel = (above - over * self.blocks) * self.channels;
        let run = div(over, self.groups);
        let image = run * self.images;
        Unit {
            image,
            images: self.images.min(s.n - image),
            group: over - run * self.groups,
            channel,
            channels: self.channels.min(s.group_in - channel),
            top,
            bottom: (top + self.band).min(s.rows.input),
        }
    }
}

impl Unit {
    /// The outputs, counted from the first image on, that read pixels of the unit.
    pub fn outputs(&self, s: &Shape) -> (usize, usize) {
        if self.images > 1 {
            return (0, self.images * s.out_plane());
        }
        let first = s.rows.reading(s.rows.kernel - 1, self.top, self.bottom).0;
        let last = s.rows.reading(0, self.top, self.bottom).1;
        (first * s.cols.output, last * s.cols.output)
    }
}

//! The register tiles: products of rows of weights with lines, and dot products of lines with lines.

use crate::simd::{Real, Vector};
use crate::tall::tile_rows;
pub(super) use crate::tuning::LINE_ROWS as ROWS;
use crate::tuning::{LINE_VECTORS, LINE_WIDTH as WIDTH, TALL_ROWS};

/// C `[rows, cols]` = what it starts from + A B.
pub(super) struct Block<T> {
    pub rows: usize,
    pub cols: usize,
    pub depth: usize,
    /// Packed by [`Weights::pack`].
    pub a: *const T,
    /// Line k of B lies `offsets[k]` bytes from here.
    pub b: *const T,
    pub offsets: *const usize,
    pub c: *mut T,
    /// Elements from row to row of C.
    pub pitch: usize,
    /// C starts from what it is; otherwise from the bias, or 0 where that is null.
    pub add: bool,
    /// One number per row.
    pub bias: *const T,
}

/// A as the tiles read it: [`tile_rows`] of it at a time, k by k. Element k of row i lies at
/// `p + i · lane + channel · from channel to channel + tap · from tap to tap`.
#[derive(Clone, Copy)]
pub(super) struct Weights<T> {
    pub p: *const T,
    pub lane: isize,
    pub channel: isize,
    pub tap: isize,
}

impl<T: Real> Weights<T> {
    /// Rows `row..row + rows`, channels `first..first + channels`.
    #[inline(never)]
    pub unsafe fn pack(&self, mut to: *mut T, row: usize, rows: usize, first: usize, channels: usize, taps: usize) {
        let mut done = 0;
        while done < rows {
            let from = self.p.offset((row + done) as isize * self.lane + first as isize * self.channel);
            let tile = tile_rows(rows - done, ROWS);
            to = match tile {
                1 => self.sliver::<1>(to, from, channels, taps),
                2 => self.sliver::<2>(to, from, channels, taps),
                3 => self.sliver::<3>(to, from, channels, taps),
                ROWS => self.sliver::<ROWS>(to, from, channels, taps),
                5 => self.sliver::<5>(to, from, channels, taps),
                _ => self.sliver::<TALL_ROWS>(to, from, channels, taps),
            };
            done += tile;
        }
    }

    #[inline(always)]
    unsafe fn sliver<const R: usize>(&self, mut to: *mut T, mut from: *const T, channels: usize, taps: usize) -> *mut T {
        let mut channel = 0;
        while channel < channels {
            let mut at = from;
            let mut tap = 0;
            while tap < taps {
                let mut i = 0;
                while i < R {
                    *to.add(i) = *at.offset(i as isize * self.lane);
                    i += 1;
                }
                to = to.add(R);
                at = at.wrapping_offset(self.tap);
                tap += 1;
            }
            from = from.wrapping_offset(self.channel);
            channel += 1;
        }
        to
    }
}

impl<T: Real> Block<T> {
    #[inline(never)]
    pub unsafe fn run(&self) {
        let lanes = T::V::LANES;
        let mut col = 0;
        // What these columns read of B stays in the first-level cache while A goes by.
        while col < self.cols {
            let end = self.cols.min(col + WIDTH * lanes);
            let mut row = 0;
            while row < self.rows {
                let tile = tile_rows(self.rows - row, ROWS);
                match tile {
                    1 => self.tiles::<1, WIDTH>(row, col, end),
                    2 => self.tiles::<2, WIDTH>(row, col, end),
                    3 => self.tiles::<3, LINE_VECTORS>(row, col, end),
                    ROWS => self.tiles::<ROWS, LINE_VECTORS>(row, col, end),
                    5 => self.tiles::<5, LINE_VECTORS>(row, col, end),
                    _ => self.tiles::<TALL_ROWS, LINE_VECTORS>(row, col, end),
                }
                row += tile;
            }
            col = end;
        }
    }

    #[inline(always)]
    unsafe fn tiles<const R: usize, const N: usize>(&self, row: usize, mut at: usize, end: usize) {
        let lanes = T::V::LANES;
        while at + lanes < end {
            self.tile::<R, N>(row, at);
            at += N * lanes;
        }
        if at < end {
            self.tile::<R, 1>(row, at);
        }
    }

    #[inline(never)]
    unsafe fn tile<const R: usize, const N: usize>(&self, row: usize, col: usize) {
        let lanes = T::V::LANES;
        let c = self.c.add(row * self.pitch + col);
        let whole = self.cols - col >= N * lanes;
        let mut acc = [[T::V::splat(T::ZERO); N]; R];
        if self.add {
            let mut i = 0;
            while i < R {
                let mut j = 0;
                while j < N {
                    let c = c.add(i * self.pitch + j * lanes);
                    acc[i][j] = if whole {
                        T::V::load(c)
                    } else {
                        load(c, self.cols.saturating_sub(col + j * lanes))
                    };
                    j += 1;
                }
                i += 1;
            }
        } else if !self.bias.is_null() {
            let mut i = 0;
            while i < R {
                acc[i] = [T::V::splat(*self.bias.add(row + i)); N];
                i += 1;
            }
        }
        let mut a = self.a.add(row * self.depth);
        let b = self.b.add(col);
        let (mut offset, end) = (self.offsets, self.offsets.add(self.depth));
        while offset < end {
            let b = b.byte_add(*offset);
            let mut bv = [T::V::splat(T::ZERO); N];
            let mut j = 0;
            while j < N {
                bv[j] = T::V::load(b.add(j * lanes));
                j += 1;
            }
            let mut i = 0;
            while i < R {
                let av = T::V::splat(*a.add(i));
                let mut j = 0;
                while j < N {
                    acc[i][j] = av.madd(bv[j], acc[i][j]);
                    j += 1;
                }
                i += 1;
            }
            a = a.add(R);
            offset = offset.add(1);
        }
        let mut i = 0;
        while i < R {
            let mut j = 0;
            while j < N {
                let c = c.add(i * self.pitch + j * lanes);
                if whole {
                    acc[i][j].store(c);
                } else {
                    store(acc[i][j], c, self.cols.saturating_sub(col + j * lanes));
                }
                j += 1;
            }
            i += 1;
        }
    }
}

/// At most `n` elements.
#[inline(always)]
unsafe fn load<T: Real>(p: *const T, n: usize) -> T::V {
    if n >= T::V::LANES {
        T::V::load(p)
    } else {
        T::V::load_partial(p, n)
    }
}

/// At most `n` elements.
#[inline(always)]
unsafe fn store<T: Real>(v: T::V, p: *mut T, n: usize) {
    if n >= T::V::LANES {
        v.store(p)
    } else {
        v.store_partial(p, n)
    }
}

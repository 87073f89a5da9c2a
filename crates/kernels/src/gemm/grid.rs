//! How C is cut into tiles, the unit of work of threads.

use crate::tuning::{ENOUGH_TILES, NC, TILE_ROWS};

/// a / b rounded down; 0 for b = 0, so that no check for it can panic.
#[inline(always)]
pub(crate) fn div(a: usize, b: usize) -> usize {
    a.checked_div(b).unwrap_or(0)
}

/// a / b rounded up; 0 for b = 0.
#[inline(always)]
pub(crate) fn div_ceil(a: usize, b: usize) -> usize {
    div((a + b).wrapping_sub(1), b)
}

/// The tiles of one matrix, `rows` by `cols` of them, counted down the columns: tiles that follow one another
/// share a panel of B.
#[derive(Clone, Copy)]
pub(crate) struct Grid {
    pub mc: usize,
    pub nc: usize,
    pub m: usize,
    pub n: usize,
    pub rows: usize,
    pub cols: usize,
}

impl Grid {
    pub fn new(m: usize, n: usize, batch: usize) -> Self {
        let grid = |mc, nc| Grid {
            mc,
            nc,
            m,
            n,
            rows: m.div_ceil(mc),
            cols: n.div_ceil(nc),
        };
        let few = |g: &Grid| g.rows * g.cols * batch < ENOUGH_TILES;
        let mut best = grid(TILE_ROWS, NC);
        // Rows first: tiles of one thread that differ in rows only do not repeat the packing of B.
        if few(&best) {
            best = grid(TILE_ROWS / 2, NC);
        }
        if few(&best) {
            best = grid(TILE_ROWS / 2, NC / 2);
        }
        if few(&best) {
            best = grid(TILE_ROWS / 4, NC / 2);
        }
        best
    }

    /// The same tiles of the transpose, for a matrix with one column of tiles.
    pub fn turned(&self) -> Self {
        Grid {
            mc: self.n,
            nc: self.mc,
            m: self.n,
            n: self.m,
            rows: 1,
            cols: self.rows,
        }
    }

    pub fn per_batch(&self) -> usize {
        self.rows * self.cols
    }

    /// The elements that tiles `first..last` of a matrix with one row or one column cover.
    pub fn span(&self, first: usize, last: usize) -> (usize, usize) {
        if self.n == 1 {
            (first * self.mc, (last * self.mc).min(self.m))
        } else {
            (first * self.nc, (last * self.nc).min(self.n))
        }
    }
}

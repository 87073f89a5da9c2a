//! Dot products of rows with lines, over runs of images: sums that need no packing at all.

use crate::simd::{Real, Vector};

/// out[row, line] (=|+=) Σ over images and columns of rows[row] · lines[line].
pub(super) struct Dots<T> {
    pub out: *mut T,
    /// Elements from row to row of `out`.
    pub pitch: usize,
    pub add: bool,
    pub images: usize,
    pub cols: usize,
    pub rows: usize,
    pub row: *const T,
    pub next_row: usize,
    /// Elements from image to image.
    pub row_image: usize,
    pub lines: usize,
    /// Line k lies `offsets[k]` bytes from here.
    pub line: *const T,
    pub offsets: *const usize,
    pub line_image: usize,
}

impl<T: Real> Dots<T> {
    #[inline(never)]
    pub unsafe fn run(&self) {
        let mut row = 0;
        while row < self.rows {
            // These rows stay in the first-level cache while the lines go by.
            row += match self.rows - row {
                1 => self.row_of_tiles::<1, 4>(row),
                2 => self.row_of_tiles::<2, 4>(row),
                3 => self.row_of_tiles::<3, 2>(row),
                _ => self.row_of_tiles::<4, 2>(row),
            };
        }
    }

    #[inline(always)]
    unsafe fn row_of_tiles<const R: usize, const L: usize>(&self, row: usize) -> usize {
        let mut line = 0;
        while line + L <= self.lines {
            self.tile::<R, L>(row, line);
            line += L;
        }
        while line < self.lines {
            self.tile::<R, 1>(row, line);
            line += 1;
        }
        R
    }

    #[inline(never)]
    unsafe fn tile<const R: usize, const L: usize>(&self, row: usize, line: usize) {
        let lanes = T::V::LANES;
        let mut acc = [[T::V::splat(T::ZERO); L]; R];
        let fresh = last_lanes::<T>(self.cols & (lanes - 1));
        let mut image = 0;
        while image < self.images {
            let a = self.row.add(image * self.row_image + row * self.next_row);
            let b = self.line.add(image * self.line_image);
            let mut lines = [b; L];
            let mut j = 0;
            while j < L {
                lines[j] = b.byte_add(*self.offsets.add(line + j));
                j += 1;
            }
            let mut col = 0;
            while col + lanes <= self.cols {
                let read = |p: *const T| T::V::load(p.add(col));
                step(&mut acc, a, self.next_row, &lines, read);
                col += lanes;
            }
            if col < self.cols && self.cols >= lanes {
                // The last whole vector again, without what has been counted.
                let read = |p: *const T| T::V::load(p.add(self.cols - lanes)).and(fresh);
                step(&mut acc, a, self.next_row, &lines, read);
            } else if col < self.cols {
                step(&mut acc, a, self.next_row, &lines, |p| T::V::load_partial(p, self.cols));
            }
            image += 1;
        }
        let mut i = 0;
        while i < R {
            let mut j = 0;
            while j < L {
                let out = self.out.add((row + i) * self.pitch + line + j);
                let sum = acc[i][j].sum_lanes();
                *out = if self.add { *out + sum } else { sum };
                j += 1;
            }
            i += 1;
        }
    }
}

/// acc += the products of `R` rows with `L` lines, a vector of each.
#[inline(always)]
unsafe fn step<T: Real, const R: usize, const L: usize>(
    acc: &mut [[T::V; L]; R],
    row: *const T,
    next_row: usize,
    lines: &[*const T; L],
    read: impl Fn(*const T) -> T::V,
) {
    let b = lines.map(&read);
    let mut i = 0;
    while i < R {
        let a = read(row.add(i * next_row));
        let mut j = 0;
        while j < L {
            acc[i][j] = a.madd(b[j], acc[i][j]);
            j += 1;
        }
        i += 1;
    }
}

/// All bits set in the last `n` lanes.
#[inline(always)]
pub(super) unsafe fn last_lanes<T: Real>(n: usize) -> T::V {
    let place = [0.0, 1.0, 2.0, 3.0].map(T::from_f64);
    T::V::load(place.as_ptr()).ge(T::V::splat(T::from_f64((T::V::LANES - n) as f64)))
}

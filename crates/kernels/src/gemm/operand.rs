//! What the product reads. A is read by rows and B by slivers, `W` columns stored k by k; an operand that lies well
//! is read where it is, any other is packed. The last sliver of a block is filled up with zeros.

use super::{KC, MAX_NR, NC};
use crate::simd::{Real, Vector};
use crate::tuning::{DENSE, FEW_SLIVERS, NEAR};
use core::mem::{size_of, MaybeUninit};

/// Scratch on the stack, aligned to a cache line.
#[repr(C, align(64))]
pub(crate) struct Scratch<A>(MaybeUninit<A>);

impl<A> Scratch<A> {
    #[inline(always)]
    pub fn new() -> Self {
        Scratch(MaybeUninit::uninit())
    }
    #[inline(always)]
    pub fn at<T>(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}

/// Elements between slivers. A cache line of distance keeps those of full depth, a power of two long, out of one
/// another's sets of the first-level cache.
#[inline(always)]
pub(crate) const fn sliver(width: usize, depth: usize) -> usize {
    width * depth + 16
}

/// Elements between packed rows of A, with the same distance.
pub(crate) const ROW: usize = KC + 16;

/// A block of an operand as the micro-kernel reads it: lane (row of A, sliver of columns of B) and k have any stride.
#[derive(Clone, Copy)]
pub(crate) struct Lines<T> {
    pub p: *const T,
    pub lane: isize,
    pub k: isize,
}

impl<T> Lines<T> {
    #[inline(always)]
    pub unsafe fn at(&self, lane: isize, k: isize) -> *const T {
        self.p.offset(lane * self.lane + k * self.k)
    }
}

pub(crate) trait Operand<T: Real> {
    /// Rows `lane..lane + lanes` and `k..k + depth` of A, in place or written to `dst`, to be read `slivers` times.
    /// `depth` ≤ [`KC`].
    unsafe fn rows(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize, slivers: usize) -> Lines<T>;

    /// Packs columns `lane..lane + lanes` and `k..k + depth` of B into `dst`, `W` of them a [`sliver`]. `depth` ≤ [`KC`].
    unsafe fn pack<const W: usize>(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize);

    /// B from column `lane` and `k` on where it is, if its columns are neighbours.
    #[inline(always)]
    unsafe fn in_place(&self, _lane: usize, _k: usize) -> Option<Lines<T>> {
        None
    }
}

/// A matrix in memory.
pub(crate) struct Strided<T> {
    pub p: *const T,
    /// Stride from lane to lane.
    pub lane: isize,
    /// Stride along k.
    pub k: isize,
}

impl<T: Real> Operand<T> for Strided<T> {
    #[inline(always)]
    unsafe fn rows(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize, slivers: usize) -> Lines<T> {
        let p = self.p.offset(lane as isize * self.lane + k as isize * self.k);
        if (1..=DENSE).contains(&self.k) || slivers == 1 || (slivers <= FEW_SLIVERS && self.k <= NEAR) {
            return Lines {
                p,
                lane: self.lane,
                k: self.k,
            };
        }
        transpose(dst, ROW, p, self.k, self.lane, depth, lanes);
        Lines {
            p: dst,
            lane: ROW as isize,
            k: 1,
        }
    }

    #[inline(always)]
    unsafe fn pack<const W: usize>(&self, mut dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize) {
        let mut src = self.p.offset(lane as isize * self.lane + k as isize * self.k);
        let mut done = 0;
        while done < lanes {
            pack_sliver::<T, W>(dst, src, self.lane, self.k, W.min(lanes - done), depth);
            dst = dst.add(sliver(W, depth));
            src = src.offset(self.lane * W as isize);
            done += W;
        }
    }

    #[inline(always)]
    unsafe fn in_place(&self, lane: usize, k: usize) -> Option<Lines<T>> {
        (self.lane == 1).then(|| Lines {
            p: self.p.offset(lane as isize + k as isize * self.k),
            lane: 1,
            k: self.k,
        })
    }
}

/// `lanes` columns, filled up to W, of a matrix with these strides: row by row.
#[inline(always)]
pub(crate) unsafe fn pack_sliver<T: Real, const W: usize>(dst: *mut T, src: *const T, lane: isize, k: isize, lanes: usize, depth: usize) {
    if lanes < W {
        clear(dst, W * depth);
    }
    if lane == 1 && lanes == W {
        copy_lanes::<T, W>(dst, src, k, depth);
    } else {
        transpose(dst, W, src, lane, k, lanes, depth);
    }
}

#[inline(always)]
unsafe fn clear<T: Real>(dst: *mut T, len: usize) {
    let mut i = 0;
    while i < len {
        *dst.add(i) = T::ZERO;
        i += 1;
    }
}

/// One sliver whose lanes are neighbours in memory.
#[inline(always)]
unsafe fn copy_lanes<T: Real, const W: usize>(mut dst: *mut T, mut src: *const T, k: isize, depth: usize) {
    let mut p = 0;
    while p < depth {
        let mut l = 0;
        while l + T::V::LANES <= W {
            T::V::load(src.add(l)).store(dst.add(l));
            l += T::V::LANES;
        }
        dst = dst.add(W);
        src = src.offset(k);
        p += 1;
    }
}

/// Bytes of a cache line.
const LINE: usize = 64;

/// dst[j · to + i] = src[i · row + j · col] for i below `rows`, j below `cols`.
#[inline(never)]
unsafe fn transpose<T: Real>(dst: *mut T, to: usize, src: *const T, row: isize, col: isize, rows: usize, cols: usize) {
    let lanes = T::V::LANES;
    let (mut i, mut j) = (0, 0);
    if col == 1 {
        // Down the rows, a cache line wide: where rows lie a power of two apart, few lines of the source stay in the cache.
        let whole = cols / lanes * lanes;
        while j < whole {
            let stop = whole.min(j + LINE / size_of::<T>());
            i = 0;
            while i + lanes <= rows {
                let mut at = j;
                while at < stop {
                    T::V::transpose(src.offset(i as isize * row + at as isize), row, dst.add(at * to + i), to);
                    at += lanes;
                }
                i += lanes;
            }
            j = stop;
        }
    }
    let (done_rows, done_cols) = (i, j);
    j = 0;
    while j < cols {
        i = if j < done_cols { done_rows } else { 0 };
        while i < rows {
            *dst.add(j * to + i) = *src.offset(i as isize * row + j as isize * col);
            i += 1;
        }
        j += 1;
    }
}

/// A matrix that need not exist in memory, read by pieces of rows.
pub(crate) trait Rows<T: Real> {
    /// Writes elements `start..start + len` of row `row` to `dst`.
    unsafe fn fetch(&self, row: usize, start: usize, len: usize, dst: *mut T);
}

/// An operand whose rows run along the lanes: one row per k.
pub(crate) struct AlongLanes<R>(pub R);

impl<T: Real, R: Rows<T>> Operand<T> for AlongLanes<R> {
    #[inline(always)]
    unsafe fn rows(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize, _slivers: usize) -> Lines<T> {
        let mut p = 0;
        while p < depth {
            self.0.fetch(k + p, lane, lanes, dst.add(p * lanes));
            p += 1;
        }
        Lines {
            p: dst,
            lane: 1,
            k: lanes as isize,
        }
    }

    #[inline(always)]
    unsafe fn pack<const W: usize>(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize) {
        // A row and room to fill its last sliver up. Lanes of a block are at most NC.
        let mut scratch = Scratch::<[T; NC + MAX_NR]>::new();
        let row: *mut T = scratch.at();
        clear(row.add(lanes), NC + MAX_NR - lanes);
        let mut p = 0;
        while p < depth {
            self.0.fetch(k + p, lane, lanes, row);
            let (mut done, mut to) = (0, dst.add(p * W));
            while done < lanes {
                copy_lanes::<T, W>(to, row.add(done), 0, 1);
                to = to.add(sliver(W, depth));
                done += W;
            }
            p += 1;
        }
    }
}

/// An operand whose rows run along k: one row per lane.
pub(crate) struct AlongK<R>(pub R);

impl<T: Real, R: Rows<T>> Operand<T> for AlongK<R> {
    #[inline(always)]
    unsafe fn rows(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize, _slivers: usize) -> Lines<T> {
        let mut l = 0;
        while l < lanes {
            self.0.fetch(lane + l, k, depth, dst.add(l * ROW));
            l += 1;
        }
        Lines {
            p: dst,
            lane: ROW as isize,
            k: 1,
        }
    }

    #[inline(always)]
    unsafe fn pack<const W: usize>(&self, mut dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize) {
        let mut scratch = Scratch::<[T; MAX_NR * ROW]>::new();
        let rows: *mut T = scratch.at();
        let mut done = 0;
        while done < lanes {
            let here = W.min(lanes - done);
            let mut l = 0;
            while l < here {
                self.0.fetch(lane + done + l, k, depth, rows.add(l * ROW));
                l += 1;
            }
            if here < W {
                clear(dst, W * depth);
            }
            transpose(dst, W, rows, ROW as isize, 1, here, depth);
            dst = dst.add(sliver(W, depth));
            done += W;
        }
    }
}

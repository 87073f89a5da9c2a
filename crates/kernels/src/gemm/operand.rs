//! What the product reads: packing turns any of these into slivers, `W` lanes (rows of A or columns of B) wide,
//! stored k by k. The last sliver of a block is filled up with zeros.

use super::KC;
use crate::simd::{Real, Vector};
use core::mem::MaybeUninit;

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

pub(crate) trait Operand<T: Real> {
    /// Packs lanes `lane..lane + lanes` and `k..k + depth` into `dst`, `W` lanes a [`sliver`]. `depth` ≤ [`KC`].
    unsafe fn pack<const W: usize>(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize);
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
    unsafe fn pack<const W: usize>(&self, mut dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize) {
        let mut src = self.p.offset(lane as isize * self.lane + k as isize * self.k);
        let mut done = 0;
        while done + W <= lanes {
            if self.lane == 1 {
                copy_lanes::<T, W>(dst, src, self.k, depth);
            } else {
                gather_lanes::<T, W>(dst, src, self.lane, self.k, depth);
            }
            dst = dst.add(sliver(W, depth));
            src = src.offset(self.lane * W as isize);
            done += W;
        }
        if done < lanes {
            gather_some::<T, W>(dst, src, self.lane, self.k, lanes - done, depth);
        }
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
        while l < W {
            *dst.add(l) = *src.add(l);
            l += 1;
        }
        dst = dst.add(W);
        src = src.offset(k);
        p += 1;
    }
}

/// One sliver with any strides. In blocks of four k: where k is contiguous, each cache line is used while it is there.
#[inline(always)]
unsafe fn gather_lanes<T: Real, const W: usize>(dst: *mut T, src: *const T, lane: isize, k: isize, depth: usize) {
    let mut p = 0;
    while p + 4 <= depth {
        let mut l = 0;
        while l < W {
            let from = src.offset(l as isize * lane + p as isize * k);
            let to = dst.add(p * W + l);
            *to = *from;
            *to.add(W) = *from.offset(k);
            *to.add(2 * W) = *from.offset(2 * k);
            *to.add(3 * W) = *from.offset(3 * k);
            l += 1;
        }
        p += 4;
    }
    while p < depth {
        let mut l = 0;
        while l < W {
            *dst.add(p * W + l) = *src.offset(l as isize * lane + p as isize * k);
            l += 1;
        }
        p += 1;
    }
}

/// A last sliver with fewer lanes than `W`.
#[inline(always)]
unsafe fn gather_some<T: Real, const W: usize>(dst: *mut T, src: *const T, lane: isize, k: isize, lanes: usize, depth: usize) {
    let mut p = 0;
    while p < depth {
        let mut l = 0;
        while l < W {
            *dst.add(p * W + l) = if l < lanes {
                *src.offset(l as isize * lane + p as isize * k)
            } else {
                T::ZERO
            };
            l += 1;
        }
        p += 1;
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
    unsafe fn pack<const W: usize>(&self, dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize) {
        // A row and room to fill its last sliver up. Lanes of a block are at most NC.
        let mut scratch = Scratch::<[T; super::NC + super::MAX_NR]>::new();
        let row: *mut T = scratch.at();
        let mut l = lanes;
        while l < super::NC + super::MAX_NR {
            *row.add(l) = T::ZERO;
            l += 1;
        }
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
    unsafe fn pack<const W: usize>(&self, mut dst: *mut T, lane: usize, lanes: usize, k: usize, depth: usize) {
        let mut scratch = Scratch::<[T; super::MAX_NR * KC]>::new();
        let rows: *mut T = scratch.at();
        let mut done = 0;
        while done < lanes {
            let here = W.min(lanes - done);
            let mut l = 0;
            while l < here {
                self.0.fetch(lane + done + l, k, depth, rows.add(l * KC));
                l += 1;
            }
            if here == W {
                gather_lanes::<T, W>(dst, rows, KC as isize, 1, depth);
            } else {
                gather_some::<T, W>(dst, rows, KC as isize, 1, here, depth);
            }
            dst = dst.add(sliver(W, depth));
            done += W;
        }
    }
}

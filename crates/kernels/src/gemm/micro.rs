//! The micro-kernel: a register tile of C, `R` rows by `N` vectors, from one sliver of A and one of B.

use super::{Epilogue, MAX_NR, MR, NV};
use crate::simd::{Real, Vector};

/// Where a register tile goes.
pub(crate) struct Target<T> {
    /// C at the tile's first row; columns are counted by `offsets`.
    pub c: *mut T,
    pub rsc: usize,
    /// Columns of the tile.
    pub cols: usize,
    /// The columns lie side by side from `offsets[0]` on.
    pub adjacent: bool,
    pub offsets: *const usize,
    /// Global row and column, for the bias.
    pub row: usize,
    pub col: usize,
    /// The first block of k: C is not read unless the product accumulates.
    pub first: bool,
    /// The last block of k: bias and activation follow.
    pub last: bool,
}

/// The tile of `rows` by `target.cols` elements.
#[inline(always)]
pub(crate) unsafe fn tile<T: Real>(rows: usize, depth: usize, a: *const T, b: *const T, target: &Target<T>, epilogue: &Epilogue<T>) {
    if target.cols > (NV - 1) * T::V::LANES {
        by_rows::<T, NV>(rows, depth, a, b, target, epilogue)
    } else {
        by_rows::<T, 1>(rows, depth, a, b, target, epilogue)
    }
}

#[inline(always)]
unsafe fn by_rows<T: Real, const N: usize>(
    rows: usize,
    depth: usize,
    a: *const T,
    b: *const T,
    target: &Target<T>,
    epilogue: &Epilogue<T>,
) {
    match rows {
        1 => kernel::<T, 1, N>(depth, a, b, target, epilogue),
        2 => kernel::<T, 2, N>(depth, a, b, target, epilogue),
        3 => kernel::<T, 3, N>(depth, a, b, target, epilogue),
        _ => kernel::<T, MR, N>(depth, a, b, target, epilogue),
    }
}

#[inline(never)]
unsafe fn kernel<T: Real, const R: usize, const N: usize>(
    depth: usize,
    mut a: *const T,
    mut b: *const T,
    target: &Target<T>,
    epilogue: &Epilogue<T>,
) {
    let lanes = T::V::LANES;
    let mut acc = [[T::V::splat(T::ZERO); N]; R];
    let mut p = 0;
    // Not unrolled: V8 would load all steps' operands first and run out of registers, at half the speed.
    while p < depth {
        step(&mut acc, a, b);
        a = a.add(MR);
        b = b.add(NV * lanes);
        p += 1;
    }
    let plain = target.first && !epilogue.accumulate && !(target.last && (epilogue.relu || !epilogue.bias.is_null()));
    let whole = target.adjacent && target.cols >= N * lanes;
    let mut i = 0;
    if plain && whole {
        // Where k is small, asking for each vector what to do takes as long as the product.
        while i < R {
            let mut j = 0;
            while j < N {
                acc[i][j].store(target.c.add(i * target.rsc + *target.offsets + j * lanes));
                j += 1;
            }
            i += 1;
        }
        return;
    }
    while i < R {
        let mut j = 0;
        while j < N {
            finish(acc[i][j], i, j * lanes, target, epilogue);
            j += 1;
        }
        i += 1;
    }
}

/// acc += the outer product of `R` elements of A and `N` vectors of B.
#[inline(always)]
unsafe fn step<T: Real, const R: usize, const N: usize>(acc: &mut [[T::V; N]; R], a: *const T, b: *const T) {
    let mut bv = [T::V::splat(T::ZERO); N];
    let mut j = 0;
    while j < N {
        bv[j] = T::V::load(b.add(j * T::V::LANES));
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
}

/// Adds what is in C already, then the epilogue, and stores a vector of row `i` from column `j` of the tile on.
#[inline(always)]
unsafe fn finish<T: Real>(mut v: T::V, i: usize, j: usize, target: &Target<T>, epilogue: &Epilogue<T>) {
    let n = target.cols.saturating_sub(j).min(T::V::LANES);
    let row = target.c.add(i * target.rsc);
    let offsets = target.offsets.add(j);
    let start = row.add(*target.offsets + j);
    if !target.first || epilogue.accumulate {
        v = load(start, row, offsets, n, target.adjacent).add(v);
    }
    if target.last {
        if !epilogue.bias.is_null() {
            v = v.add(if epilogue.per_row {
                T::V::splat(*epilogue.bias.add(target.row + i))
            } else {
                load(epilogue.bias.add(target.col + j), epilogue.bias, offsets, n, true)
            });
        }
        if epilogue.relu {
            v = v.max(T::V::splat(T::ZERO));
        }
    }
    if !target.adjacent {
        let mut l = 0;
        while l < n {
            *row.add(*offsets.add(l)) = v.lane(l);
            l += 1;
        }
    } else if n == T::V::LANES {
        v.store(start);
    } else {
        v.store_partial(start, n);
    }
}

/// `n` elements from `start` on, or, when they are not side by side, at `row + offsets[…]`.
#[inline(always)]
unsafe fn load<T: Real>(start: *const T, row: *const T, offsets: *const usize, n: usize, adjacent: bool) -> T::V {
    if adjacent {
        return if n == T::V::LANES {
            T::V::load(start)
        } else {
            T::V::load_partial(start, n)
        };
    }
    let mut buf = [T::ZERO; MAX_NR];
    let mut l = 0;
    while l < n {
        *buf.as_mut_ptr().add(l) = *row.add(*offsets.add(l));
        l += 1;
    }
    T::V::load(buf.as_ptr())
}

//! The micro-kernel: register tiles of C, `R` rows by `N` vectors, down one sliver of columns.

use super::operand::Lines;
use super::{Epilogue, MAX_NR, NV};
use crate::simd::{Real, Vector};
use crate::tall::{tall, tall_rows};
use crate::tuning::TALL_ROWS;

/// Where the tiles of a sliver go.
pub(crate) struct Target<T> {
    /// C at the first row; columns are counted by `offsets`.
    pub c: *mut T,
    pub rsc: usize,
    pub rows: usize,
    /// At most a sliver's width.
    pub cols: usize,
    /// The columns lie side by side from `offsets[0]` on.
    pub adjacent: bool,
    pub offsets: *const usize,
    /// Global row and column, for the bias.
    pub row: usize,
    pub col: usize,
    /// C is added to: it holds the sum over the k before, or the product accumulates.
    pub add: bool,
    /// The last block of k: bias and activation follow.
    pub last: bool,
}

/// LOOP 1: rows of the block, a register tile at a time. Every tile is small enough that all loads of a step and
/// the accumulators fit the registers; of those that do, many vectors a row read the least.
#[inline(always)]
pub(crate) unsafe fn sliver<T: Real>(depth: usize, a: Lines<T>, b: Lines<T>, target: &Target<T>, epilogue: &Epilogue<T>) {
    let lanes = T::V::LANES;
    let stored = !target.add && !(target.last && (epilogue.relu || epilogue.per_row && !epilogue.bias.is_null()));
    if stored && target.adjacent && target.cols & (lanes - 1) == 0 {
        match depth {
            1 => return shallow::<T, 1>(a, b, target, epilogue),
            2 => return shallow::<T, 2>(a, b, target, epilogue),
            3 => return shallow::<T, 3>(a, b, target, epilogue),
            4 => return shallow::<T, 4>(a, b, target, epilogue),
            _ => {}
        }
    }
    // With fewer, low tiles of more vectors have more sums.
    if target.rows >= 4 && tall() {
        return tall_sliver::<T>(depth, a, b, target, epilogue);
    }
    match target.cols.div_ceil(lanes) {
        1 => by_rows::<T, 4, 1>(depth, a, b, target, epilogue),
        2 => by_rows::<T, 4, 2>(depth, a, b, target, epilogue),
        3 => by_rows::<T, 2, 3>(depth, a, b, target, epilogue),
        _ => by_rows::<T, 2, NV>(depth, a, b, target, epilogue),
    }
}

#[inline(always)]
unsafe fn by_rows<T: Real, const R: usize, const N: usize>(
    depth: usize,
    a: Lines<T>,
    b: Lines<T>,
    target: &Target<T>,
    epilogue: &Epilogue<T>,
) {
    let whole = target.rows - target.rows % R;
    let pairs = target.rows & !1;
    if whole > 0 {
        tiles::<T, R, N>(0, whole, depth, a, b, target, epilogue);
    }
    if R > 2 && whole < pairs {
        tiles::<T, 2, N>(whole, pairs, depth, a, b, target, epilogue);
    }
    if pairs < target.rows {
        tiles::<T, 1, N>(pairs, target.rows, depth, a, b, target, epilogue);
    }
}

/// The same in tall tiles, two vectors of columns at a time.
unsafe fn tall_sliver<T: Real>(depth: usize, a: Lines<T>, b: Lines<T>, target: &Target<T>, epilogue: &Epilogue<T>) {
    let lanes = T::V::LANES;
    let mut j = 0;
    while j < target.cols {
        let cols = (2 * lanes).min(target.cols - j);
        // Of columns side by side only the first has its offset told.
        let (c, offsets) = if target.adjacent { (j, 0) } else { (0, j) };
        let part = Target {
            c: target.c.add(c),
            offsets: target.offsets.add(offsets),
            cols,
            col: target.col + j,
            ..*target
        };
        let b = Lines { p: b.p.add(j), ..b };
        if cols > lanes {
            tall_columns::<T, 2>(depth, a, b, &part, epilogue);
        } else {
            tall_columns::<T, 1>(depth, a, b, &part, epilogue);
        }
        j += cols;
    }
}

#[inline(always)]
unsafe fn tall_columns<T: Real, const N: usize>(depth: usize, a: Lines<T>, b: Lines<T>, target: &Target<T>, epilogue: &Epilogue<T>) {
    let mut row = 0;
    while row < target.rows {
        let count = tall_rows(target.rows - row);
        let mut end = row + count;
        while tall_rows(target.rows - end) == count {
            end += count;
        }
        match count {
            3 => tiles::<T, 3, N>(row, end, depth, a, b, target, epilogue),
            4 => tiles::<T, 4, N>(row, end, depth, a, b, target, epilogue),
            5 => tiles::<T, 5, N>(row, end, depth, a, b, target, epilogue),
            _ => tiles::<T, TALL_ROWS, N>(row, end, depth, a, b, target, epilogue),
        }
        row = end;
    }
}

/// Products of depth `K`, a few: what they cost is to write C, and a loop over k would take longer. B stays in registers.
#[inline(always)]
unsafe fn shallow<T: Real, const K: usize>(a: Lines<T>, b: Lines<T>, target: &Target<T>, epilogue: &Epilogue<T>) {
    let lanes = T::V::LANES;
    let mut j = 0;
    while j < target.cols {
        if j + 2 * lanes <= target.cols {
            outer::<T, K, 2>(j, a, b, target, epilogue);
            j += 2 * lanes;
        } else {
            outer::<T, K, 1>(j, a, b, target, epilogue);
            j += lanes;
        }
    }
}

/// `N` vectors of columns from column `j` of the sliver on.
#[inline(never)]
unsafe fn outer<T: Real, const K: usize, const N: usize>(j: usize, a: Lines<T>, b: Lines<T>, target: &Target<T>, epilogue: &Epilogue<T>) {
    let lanes = T::V::LANES;
    let mut bv = [[T::V::splat(T::ZERO); N]; K];
    let mut bias = [T::V::splat(T::ZERO); N];
    let biased = target.last && !epilogue.bias.is_null();
    let mut v = 0;
    while v < N {
        let mut p = 0;
        while p < K {
            bv[p][v] = T::V::load(b.at(0, p as isize).add(j + v * lanes));
            p += 1;
        }
        if biased {
            bias[v] = T::V::load(epilogue.bias.add(target.col + j + v * lanes));
        }
        v += 1;
    }
    let mut c = target.c.add(*target.offsets + j);
    let mut from = a.p;
    let mut i = 0;
    while i < target.rows {
        let mut acc = [T::V::splat(T::ZERO); N];
        let mut p = 0;
        while p < K {
            let av = T::V::splat(*from.offset(p as isize * a.k));
            let mut v = 0;
            while v < N {
                acc[v] = av.madd(bv[p][v], acc[v]);
                v += 1;
            }
            p += 1;
        }
        let mut v = 0;
        while v < N {
            (if biased { acc[v].add(bias[v]) } else { acc[v] }).store(c.add(v * lanes));
            v += 1;
        }
        from = from.offset(a.lane);
        c = c.add(target.rsc);
        i += 1;
    }
}

/// Rows `begin..end`, a multiple of `R` of them.
#[inline(never)]
unsafe fn tiles<T: Real, const R: usize, const N: usize>(
    begin: usize,
    end: usize,
    depth: usize,
    a: Lines<T>,
    b: Lines<T>,
    target: &Target<T>,
    epilogue: &Epilogue<T>,
) {
    let whole = target.adjacent && target.cols >= N * T::V::LANES;
    let mut i = begin;
    while i < end {
        let acc = product::<T, R, N>(depth, a.at(i as isize, 0), a.lane, a.k, b.p, b.k);
        if whole {
            finish_whole(acc, i, target, epilogue);
        } else {
            let mut r = 0;
            while r < R {
                let mut j = 0;
                while j < N {
                    finish(acc[r][j], i + r, j * T::V::LANES, target, epilogue);
                    j += 1;
                }
                r += 1;
            }
        }
        i += R;
    }
}

/// `R` rows of A times `N` vectors of columns of B.
#[inline(always)]
unsafe fn product<T: Real, const R: usize, const N: usize>(
    depth: usize,
    mut a: *const T,
    lane: isize,
    ka: isize,
    mut b: *const T,
    kb: isize,
) -> [[T::V; N]; R] {
    let mut acc = [[T::V::splat(T::ZERO); N]; R];
    let mut p = 0;
    // Not unrolled: V8 would load all steps' operands first and run out of registers, at half the speed.
    while p < depth {
        let mut bv = [T::V::splat(T::ZERO); N];
        let mut j = 0;
        while j < N {
            bv[j] = T::V::load(b.add(j * T::V::LANES));
            j += 1;
        }
        let mut r = 0;
        while r < R {
            let av = T::V::splat(*a.offset(r as isize * lane));
            let mut j = 0;
            while j < N {
                acc[r][j] = av.madd(bv[j], acc[r][j]);
                j += 1;
            }
            r += 1;
        }
        a = a.offset(ka);
        b = b.offset(kb);
        p += 1;
    }
    acc
}

/// Adds what is in C already, then the epilogue, and stores a tile whose columns are all there and side by side. Each
/// question is asked once: where k is small, asking per vector takes as long as the product.
#[inline(always)]
unsafe fn finish_whole<T: Real, const R: usize, const N: usize>(
    mut acc: [[T::V; N]; R],
    i: usize,
    target: &Target<T>,
    epilogue: &Epilogue<T>,
) {
    let c = target.c.add(i * target.rsc + *target.offsets);
    macro_rules! each {
        (|$v:ident, $r:ident, $j:ident, $at:ident| $e:expr) => {
            let mut $r = 0;
            while $r < R {
                let mut $j = 0;
                while $j < N {
                    let ($v, $at) = (acc[$r][$j], c.add($r * target.rsc + $j * T::V::LANES));
                    acc[$r][$j] = $e;
                    $j += 1;
                }
                $r += 1;
            }
        };
    }
    if target.add {
        each!(|v, r, j, at| T::V::load(at).add(v));
    }
    if target.last {
        if !epilogue.bias.is_null() {
            if epilogue.per_row {
                each!(|v, r, j, _at| v.add(T::V::splat(*epilogue.bias.add(target.row + i + r))));
            } else {
                each!(|v, r, j, _at| v.add(T::V::load(epilogue.bias.add(target.col + j * T::V::LANES))));
            }
        }
        if epilogue.relu {
            each!(|v, r, j, _at| v.max(T::V::splat(T::ZERO)));
        }
    }
    each!(|v, r, j, at| {
        v.store(at);
        v
    });
}

/// The same for a vector of any tile, from column `j` of the sliver on, in row `i`.
#[inline(always)]
unsafe fn finish<T: Real>(mut v: T::V, i: usize, j: usize, target: &Target<T>, epilogue: &Epilogue<T>) {
    let n = target.cols.saturating_sub(j).min(T::V::LANES);
    let c = target.c.add(i * target.rsc);
    let offsets = target.offsets.add(j);
    let start = c.add(*target.offsets + j);
    if target.add {
        v = load(start, c, offsets, n, target.adjacent).add(v);
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
            *c.add(*offsets.add(l)) = v.lane(l);
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

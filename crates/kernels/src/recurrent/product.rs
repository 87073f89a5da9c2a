//! The product inside the loop over time: weights packed once for all steps, rows of the state as they lie.

use crate::gemm::pack_sliver;
use crate::reduce::{load_n, store_n};
use crate::simd::{Real, Vector};
use crate::tall::tile_rows;
use crate::tuning::{RECURRENT_ROWS, RECURRENT_VECTORS, TALL_ROWS};

/// Elements of a sliver's row.
const fn width<T: Real>() -> usize {
    RECURRENT_VECTORS * <T::V as Vector>::LANES
}

/// Columns of a sliver: the packed `[k, n]` takes k rows of n columns, filled up to whole slivers.
#[no_mangle]
pub extern "C" fn recurrent_width_f32() -> usize {
    width::<f32>()
}

/// The same for doubles.
#[no_mangle]
pub extern "C" fn recurrent_width_f64() -> usize {
    width::<f64>()
}

kernel! {
    /// Packs the matrix `[k, n]` at `w`, element (p, j) at `p · row + j · col`, into slivers of columns, one behind the
    /// other. The range counts slivers.
    fn recurrent_pack<T>(out: *mut T, w: *const T, k: usize, n: usize, row: usize, col: usize, begin: usize, end: usize) {
        let width = width::<T>();
        let mut s = begin;
        while s < end {
            let first = s * width;
            let (to, from, here) = (out.add(first * k), w.add(first * col), width.min(n - first));
            // The width depends on the type's lanes, which are no const generic yet.
            if T::V::LANES == 4 {
                pack_sliver::<T, { RECURRENT_VECTORS * 4 }>(to, from, col as isize, row as isize, here, k);
            } else {
                pack_sliver::<T, { RECURRENT_VECTORS * 2 }>(to, from, col as isize, row as isize, here, k);
            }
            s += 1;
        }
    }
}

/// c (=|+=) a b for `rows` rows: a `[rows, k]` with row stride `rsa`, b the packed `[k, n]`.
pub(super) unsafe fn multiply<T: Real>(
    c: *mut T,
    rsc: usize,
    a: *const T,
    rsa: usize,
    b: *const T,
    rows: usize,
    n: usize,
    k: usize,
    add: bool,
) {
    let width = width::<T>();
    let mut j = 0;
    while j < n {
        // The sliver stays in the first-level cache for all rows.
        let (sliver, columns) = (b.add(j * k), width.min(n - j));
        let mut i = 0;
        while i < rows {
            let (c, a) = (c.add(i * rsc + j), a.add(i * rsa));
            let tile = tile_rows(rows - i, RECURRENT_ROWS);
            if columns > T::V::LANES {
                by_rows::<T, RECURRENT_VECTORS>(tile, c, rsc, a, rsa, sliver, k, columns, add);
            } else {
                by_rows::<T, 1>(tile, c, rsc, a, rsa, sliver, k, columns, add);
            }
            i += tile;
        }
        j += width;
    }
}

#[inline(always)]
unsafe fn by_rows<T: Real, const N: usize>(
    rows: usize,
    c: *mut T,
    rsc: usize,
    a: *const T,
    rsa: usize,
    b: *const T,
    k: usize,
    columns: usize,
    add: bool,
) {
    match rows {
        1 => tile::<T, 1, N>(c, rsc, a, rsa, b, k, columns, add),
        2 => tile::<T, 2, N>(c, rsc, a, rsa, b, k, columns, add),
        3 => tile::<T, 3, N>(c, rsc, a, rsa, b, k, columns, add),
        RECURRENT_ROWS => tile::<T, RECURRENT_ROWS, N>(c, rsc, a, rsa, b, k, columns, add),
        5 => tile::<T, 5, N>(c, rsc, a, rsa, b, k, columns, add),
        _ => tile::<T, TALL_ROWS, N>(c, rsc, a, rsa, b, k, columns, add),
    }
}

/// `R` rows by `N` vectors of c. Each element sums over k in one order, whatever tile it falls into.
#[inline(never)]
unsafe fn tile<T: Real, const R: usize, const N: usize>(
    c: *mut T,
    rsc: usize,
    a: *const T,
    rsa: usize,
    mut b: *const T,
    k: usize,
    columns: usize,
    add: bool,
) {
    let lanes = T::V::LANES;
    let mut acc = [[T::V::splat(T::ZERO); N]; R];
    let mut p = 0;
    while p < k {
        let mut bv = [T::V::splat(T::ZERO); N];
        let mut j = 0;
        while j < N {
            bv[j] = T::V::load(b.add(j * lanes));
            j += 1;
        }
        let mut i = 0;
        while i < R {
            let av = T::V::splat(*a.add(i * rsa + p));
            let mut j = 0;
            while j < N {
                acc[i][j] = av.madd(bv[j], acc[i][j]);
                j += 1;
            }
            i += 1;
        }
        b = b.add(RECURRENT_VECTORS * lanes);
        p += 1;
    }
    let mut i = 0;
    while i < R {
        let mut j = 0;
        while j < N {
            let at = c.add(i * rsc + j * lanes);
            let count = lanes.min(columns - j * lanes);
            let v = if add { load_n(at, count).add(acc[i][j]) } else { acc[i][j] };
            store_n(v, at, count);
            j += 1;
        }
        i += 1;
    }
}

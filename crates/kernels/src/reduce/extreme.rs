//! Largest and smallest elements with their positions.

use super::each_outer;

macro_rules! extremes {
    ($($t:ty: $max:ident $min:ident),*) => {$(
        /// values[o, i] = maxₖ x[o, k, i] and its first position, for the outputs `begin..end` of `[outer, inner]`, n ≥ 1.
        /// NaN counts as largest; the first NaN wins.
        #[no_mangle]
        pub unsafe extern "C" fn $max(
            values: *mut $t, indices: *mut i32, x: *const $t, n: usize, inner: usize, begin: usize, end: usize,
        ) {
            #[allow(clippy::eq_op)]
            pick(values, indices, x, n, inner, begin, end, |a, b| a > b || (a != a && b == b))
        }

        /// As the maximum, for the smallest element; NaN counts as smallest.
        #[no_mangle]
        pub unsafe extern "C" fn $min(
            values: *mut $t, indices: *mut i32, x: *const $t, n: usize, inner: usize, begin: usize, end: usize,
        ) {
            #[allow(clippy::eq_op)]
            pick(values, indices, x, n, inner, begin, end, |a, b| a < b || (a != a && b == b))
        }
    )*};
}

extremes!(
    f32: max_with_index_f32 min_with_index_f32,
    f64: max_with_index_f64 min_with_index_f64,
    i32: max_with_index_i32 min_with_index_i32,
    u8: max_with_index_u8 min_with_index_u8
);

/// Keeps in `values`, `indices` the first element that no later one `beats`.
#[inline(always)]
unsafe fn pick<T: Copy>(
    values: *mut T,
    indices: *mut i32,
    x: *const T,
    n: usize,
    inner: usize,
    begin: usize,
    end: usize,
    beats: impl Fn(T, T) -> bool,
) {
    if inner == 1 {
        let mut o = begin;
        while o < end {
            let row = x.add(o * n);
            let (mut best, mut at, mut k) = (*row, 0, 1);
            while k < n {
                let v = *row.add(k);
                if beats(v, best) {
                    (best, at) = (v, k as i32);
                }
                k += 1;
            }
            *values.add(o) = best;
            *indices.add(o) = at;
            o += 1;
        }
        return;
    }
    each_outer(inner, begin, end, |o, lo, hi| {
        let (x, values, indices) = (x.add(o * n * inner), values.add(o * inner), indices.add(o * inner));
        let mut j = lo;
        while j < hi {
            *values.add(j) = *x.add(j);
            *indices.add(j) = 0;
            j += 1;
        }
        let mut k = 1;
        while k < n {
            let row = x.add(k * inner);
            let mut j = lo;
            while j < hi {
                let v = *row.add(j);
                if beats(v, *values.add(j)) {
                    *values.add(j) = v;
                    *indices.add(j) = k as i32;
                }
                j += 1;
            }
            k += 1;
        }
    });
}

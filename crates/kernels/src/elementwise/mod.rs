//! out = f(x, y): two operands, each of the output's shape, of one element, or of any strides.
//!
//! Two forms of every kernel:
//! - `name(out, x, y, sx, sy, begin, end)`: contiguous; sx and sy are 1, or 0 for an operand of one element.
//! - `name_nd(out, x, y, meta, begin, end)`: `out` contiguous, meta = [ndim, shape…, x strides…, y strides…] in
//!   elements; strides may be 0 or negative.
//!
//! `out` may be an operand that is read in the order of `out`.

mod compare;
mod float;
mod select;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod walk;
mod whole;

use crate::simd::{Real, Vector};
use walk::walk;

/// Vectors of `x` in the order of the output: consecutive elements, or one for all.
#[inline(always)]
unsafe fn load<T: Real, const STEP: bool>(x: *const T, i: usize, n: usize) -> T::V {
    match (STEP, n >= T::V::LANES) {
        (false, _) => T::V::splat(*x),
        (true, true) => T::V::load(x.add(i)),
        (true, false) => T::V::load_partial(x.add(i), n),
    }
}

#[inline(always)]
unsafe fn pair_loop<T: Real, const SX: bool, const SY: bool>(
    out: *mut T,
    x: *const T,
    y: *const T,
    begin: usize,
    end: usize,
    f: impl Fn(T::V, T::V) -> T::V,
) {
    let mut i = begin;
    while i + T::V::LANES <= end {
        f(load::<T, SX>(x, i, T::V::LANES), load::<T, SY>(y, i, T::V::LANES)).store(out.add(i));
        i += T::V::LANES;
    }
    if i < end {
        f(load::<T, SX>(x, i, end - i), load::<T, SY>(y, i, end - i)).store_partial(out.add(i), end - i);
    }
}

/// The contiguous form for floats.
#[inline(never)]
unsafe fn pair<T: Real, F: Fn(T::V, T::V) -> T::V>(
    out: *mut T,
    x: *const T,
    y: *const T,
    sx: usize,
    sy: usize,
    begin: usize,
    end: usize,
    f: &F,
) {
    match (sx, sy) {
        (0, 0) => pair_loop::<T, false, false>(out, x, y, begin, end, f),
        (0, _) => pair_loop::<T, false, true>(out, x, y, begin, end, f),
        (_, 0) => pair_loop::<T, true, false>(out, x, y, begin, end, f),
        _ => pair_loop::<T, true, true>(out, x, y, begin, end, f),
    }
}

/// The strided form for floats.
#[inline(always)]
unsafe fn pair_nd<T: Real, F: Fn(T::V, T::V) -> T::V>(
    out: *mut T,
    x: *const T,
    y: *const T,
    meta: *const i32,
    begin: usize,
    end: usize,
    f: &F,
) {
    walk::<2>(meta, 1, begin, end, |at, [dx, dy], inner, from, to| {
        let (out, x, y) = (out.wrapping_add(at), x.wrapping_offset(dx), y.wrapping_offset(dy));
        let [(_, sx), (_, sy)] = inner;
        if sx as usize <= 1 && sy as usize <= 1 {
            // `from` counts within the row; so do x and y, and out is at `from` already.
            pair(
                out,
                x.wrapping_add(from * sx as usize),
                y.wrapping_add(from * sy as usize),
                sx as usize,
                sy as usize,
                0,
                to - from,
                f,
            );
        } else {
            gather(
                out,
                x.wrapping_offset(from as isize * sx),
                y.wrapping_offset(from as isize * sy),
                sx,
                sy,
                to - from,
                f,
            );
        }
    });
}

/// A row with other strides: elements are gathered into vectors, so that the arithmetic is the same.
#[inline(never)]
unsafe fn gather<T: Real, F: Fn(T::V, T::V) -> T::V>(out: *mut T, x: *const T, y: *const T, sx: isize, sy: isize, n: usize, f: &F) {
    let mut i = 0;
    while i < n {
        let lanes = T::V::LANES.min(n - i);
        let (mut a, mut b) = ([T::ZERO; 4], [T::ZERO; 4]);
        let mut k = 0;
        while k < lanes {
            *a.as_mut_ptr().add(k) = *x.wrapping_offset((i + k) as isize * sx);
            *b.as_mut_ptr().add(k) = *y.wrapping_offset((i + k) as isize * sy);
            k += 1;
        }
        let v = f(T::V::load(a.as_ptr()), T::V::load(b.as_ptr()));
        if lanes == T::V::LANES {
            v.store(out.add(i));
        } else {
            v.store_partial(out.add(i), lanes);
        }
        i += lanes;
    }
}

/// The contiguous form for anything else; the compiler makes vectors of these loops.
#[inline(never)]
unsafe fn zip<A: Copy, B, F: Fn(A, A) -> B>(out: *mut B, x: *const A, y: *const A, sx: usize, sy: usize, begin: usize, end: usize, f: &F) {
    let mut i = begin;
    match (sx, sy) {
        (1, 1) => {
            while i < end {
                *out.add(i) = f(*x.add(i), *y.add(i));
                i += 1;
            }
        }
        (1, 0) => {
            let y = *y;
            while i < end {
                *out.add(i) = f(*x.add(i), y);
                i += 1;
            }
        }
        _ => {
            let x = *x;
            while i < end {
                *out.add(i) = f(x, *y.add(i * sy));
                i += 1;
            }
        }
    }
}

/// The strided form for anything else.
#[inline(always)]
unsafe fn zip_nd<A: Copy, B, F: Fn(A, A) -> B>(out: *mut B, x: *const A, y: *const A, meta: *const i32, begin: usize, end: usize, f: &F) {
    walk::<2>(meta, 1, begin, end, |at, [dx, dy], inner, from, to| {
        let [(_, sx), (_, sy)] = inner;
        let out = out.wrapping_add(at);
        let x = x.wrapping_offset(dx + from as isize * sx);
        let y = y.wrapping_offset(dy + from as isize * sy);
        if sx as usize <= 1 && sy as usize <= 1 {
            return zip(out, x, y, sx as usize, sy as usize, 0, to - from, f);
        }
        let mut i = 0;
        while i < to - from {
            *out.add(i) = f(*x.wrapping_offset(i as isize * sx), *y.wrapping_offset(i as isize * sy));
            i += 1;
        }
    });
}

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

/// Does `n` elements of a row: (out, x, y, x stride, y stride, n), `out` contiguous, strides in elements.
type Row<A, B> = unsafe fn(*mut B, *const A, *const A, isize, isize, usize);

/// The contiguous form.
#[inline(always)]
unsafe fn pair<A, B>(out: *mut B, x: *const A, y: *const A, sx: usize, sy: usize, begin: usize, end: usize, row: Row<A, B>) {
    row(
        out.add(begin),
        x.add(begin * sx),
        y.add(begin * sy),
        sx as isize,
        sy as isize,
        end - begin,
    )
}

/// The strided form. It knows only the types, so that its code stands once for all ops on them.
#[inline(never)]
unsafe fn pair_nd<A, B>(out: *mut B, x: *const A, y: *const A, meta: *const i32, begin: usize, end: usize, row: Row<A, B>) {
    walk::<2>(meta, 1, begin, end, |at, [dx, dy], [(_, sx), (_, sy)], from, to| {
        let first = from as isize;
        row(
            out.wrapping_add(at),
            x.wrapping_offset(dx + first * sx),
            y.wrapping_offset(dy + first * sy),
            sx,
            sy,
            to - from,
        );
    });
}

#[inline(always)]
unsafe fn load<T: Real, const STEP: bool>(x: *const T, i: usize, n: usize) -> T::V {
    match (STEP, n >= T::V::LANES) {
        (false, _) => T::V::splat(*x),
        (true, true) => T::V::load(x.add(i)),
        (true, false) => T::V::load_partial(x.add(i), n),
    }
}

/// A row whose operands are contiguous (`true`) or one element (`false`).
#[inline(always)]
unsafe fn plain_row<T: Real, const SX: bool, const SY: bool>(
    out: *mut T,
    x: *const T,
    y: *const T,
    n: usize,
    f: impl Fn(T::V, T::V) -> T::V,
) {
    let lanes = T::V::LANES;
    let at = |i| f(load::<T, SX>(x, i, lanes), load::<T, SY>(y, i, lanes));
    let mut i = 0;
    while i + 4 * lanes <= n {
        let v = [0, 1, 2, 3].map(|k| at(i + k * lanes));
        v.into_iter().enumerate().for_each(|(k, v)| v.store(out.add(i + k * lanes)));
        i += 4 * lanes;
    }
    while i + lanes <= n {
        at(i).store(out.add(i));
        i += lanes;
    }
    if i < n {
        f(load::<T, SX>(x, i, n - i), load::<T, SY>(y, i, n - i)).store_partial(out.add(i), n - i);
    }
}

/// A row of floats. With odd strides elements are gathered into vectors, so that the arithmetic is the same.
#[inline(always)]
unsafe fn float_row<T: Real>(out: *mut T, x: *const T, y: *const T, sx: isize, sy: isize, n: usize, f: impl Fn(T::V, T::V) -> T::V) {
    match (sx, sy) {
        (1, 1) => return plain_row::<T, true, true>(out, x, y, n, f),
        (1, 0) => return plain_row::<T, true, false>(out, x, y, n, f),
        (0, 1) => return plain_row::<T, false, true>(out, x, y, n, f),
        _ => (),
    }
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
        f(T::V::load(a.as_ptr()), T::V::load(b.as_ptr())).store(a.as_mut_ptr());
        k = 0;
        while k < lanes {
            *out.add(i + k) = *a.as_ptr().add(k);
            k += 1;
        }
        i += lanes;
    }
}

/// A row of anything else; the compiler makes vectors of the first loops.
#[inline(always)]
unsafe fn any_row<A: Copy, B>(out: *mut B, x: *const A, y: *const A, sx: isize, sy: isize, n: usize, f: impl Fn(A, A) -> B) {
    let mut i = 0;
    match (sx, sy) {
        (1, 1) => {
            while i < n {
                *out.add(i) = f(*x.add(i), *y.add(i));
                i += 1;
            }
        }
        (1, 0) => {
            let y = *y;
            while i < n {
                *out.add(i) = f(*x.add(i), y);
                i += 1;
            }
        }
        _ => {
            while i < n {
                *out.add(i) = f(*x.wrapping_offset(i as isize * sx), *y.wrapping_offset(i as isize * sy));
                i += 1;
            }
        }
    }
}

/// Exports an op on whole numbers, or one with another type of output, in both forms.
macro_rules! export_pair {
    ($($(#[$doc:meta])* $name:ident $name_nd:ident ($a:ty => $b:ty) = $f:expr;)+) => {$(
        const _: () = {
            #[inline(never)]
            unsafe fn row(out: *mut $b, x: *const $a, y: *const $a, sx: isize, sy: isize, n: usize) {
                $crate::elementwise::any_row(out, x, y, sx, sy, n, $f)
            }
            $(#[$doc])*
            #[no_mangle]
            unsafe extern "C" fn $name(out: *mut $b, x: *const $a, y: *const $a, sx: usize, sy: usize, begin: usize, end: usize) {
                $crate::elementwise::pair(out, x, y, sx, sy, begin, end, row)
            }
            #[no_mangle]
            unsafe extern "C" fn $name_nd(out: *mut $b, x: *const $a, y: *const $a, meta: *const i32, begin: usize, end: usize) {
                $crate::elementwise::pair_nd(out, x, y, meta, begin, end, row)
            }
        };
    )+};
}
pub(self) use export_pair;

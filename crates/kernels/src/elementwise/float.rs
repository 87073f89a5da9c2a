//! Arithmetic of two float operands.

use super::walk::walk;
use super::{float_row, pair, pair_nd};
use crate::math;
use crate::simd::{Real, Vector};

/// A binary op in both forms, from a function on vectors.
macro_rules! float_pair {
    ($($(#[$doc:meta])* $name:ident $name_nd:ident = |$a:ident, $b:ident| $f:expr;)+) => {
        mod rows {
            use super::*;
            $(
                #[inline(never)]
                pub unsafe fn $name<T: Real>(out: *mut T, x: *const T, y: *const T, sx: isize, sy: isize, n: usize) {
                    float_row(out, x, y, sx, sy, n, |$a: T::V, $b: T::V| $f)
                }
            )+
        }
        kernel! {$(
            $(#[$doc])*
            fn $name<T>(out: *mut T, x: *const T, y: *const T, sx: usize, sy: usize, begin: usize, end: usize) {
                pair(out, x, y, sx, sy, begin, end, rows::$name::<T>)
            }
            $(#[$doc])*
            fn $name_nd<T>(out: *mut T, x: *const T, y: *const T, meta: *const i32, begin: usize, end: usize) {
                pair_nd(out, x, y, meta, begin, end, rows::$name::<T>)
            }
        )+}
    };
}

float_pair! {
    add add_nd = |a, b| a.add(b);
    sub sub_nd = |a, b| a.sub(b);
    mul mul_nd = |a, b| a.mul(b);
    div div_nd = |a, b| a.div(b);
    /// The smaller; NaN if either is.
    min min_nd = |a, b| a.lesser_or_nan(b);
    /// The larger; NaN if either is.
    max max_nd = |a, b| a.greater_or_nan(b);
    /// The remainder with the sign of y.
    remainder remainder_nd = |a, b| out_of_line::remainder(a, b);
    /// The remainder with the sign of x.
    fmod fmod_nd = |a, b| out_of_line::fmod(a, b);
    floor_divide floor_divide_nd = |a, b| out_of_line::floor_div(a, b);
    /// The quotient without its fraction.
    trunc_divide trunc_divide_nd = |a, b| a.div(b).trunc();
    pow pow_nd = |a, b| out_of_line::pow(a, b);
    atan2 atan2_nd = |a, b| out_of_line::atan2(a, b);
}

/// Long functions as calls: inlined, each would stand in ten loops.
mod out_of_line {
    use super::{math, Vector};

    macro_rules! calls {
        ($($name:ident)+) => {$(
            #[inline(never)]
            pub fn $name<V: Vector>(x: V, y: V) -> V { math::$name(x, y) }
        )+};
    }
    calls!(remainder fmod floor_div pow atan2);
}

kernel! {
    /// x + alpha · y.
    fn add_scaled<T>(out: *mut T, x: *const T, y: *const T, alpha: f64, sx: usize, sy: usize, begin: usize, end: usize) {
        let alpha = T::V::splat(T::from_f64(alpha));
        let (x, y) = (x.add(begin * sx), y.add(begin * sy));
        float_row(out.add(begin), x, y, sx as isize, sy as isize, end - begin, |a: T::V, b| b.madd(alpha, a))
    }
    fn add_scaled_nd<T>(out: *mut T, x: *const T, y: *const T, alpha: f64, meta: *const i32, begin: usize, end: usize) {
        let alpha = T::V::splat(T::from_f64(alpha));
        walk::<2>(meta, 1, begin, end, |at, [dx, dy], [(_, sx), (_, sy)], from, to| {
            let first = from as isize;
            let (x, y) = (x.wrapping_offset(dx + first * sx), y.wrapping_offset(dy + first * sy));
            float_row(out.wrapping_add(at), x, y, sx, sy, to - from, |a: T::V, b| b.madd(alpha, a))
        })
    }
}

kernel! {
    /// x + value · y · z, for operands of one shape.
    fn addcmul<T>(out: *mut T, x: *const T, y: *const T, z: *const T, value: f64, begin: usize, end: usize) {
        let lanes = T::V::LANES;
        let value = T::V::splat(T::from_f64(value));
        let f = |x: T::V, y: T::V, z: T::V| y.mul(z).madd(value, x);
        let mut i = begin;
        while i + 4 * lanes <= end {
            let (x, y, z, out) = (x.add(i), y.add(i), z.add(i), out.add(i));
            let v = [0, 1, 2, 3].map(|k| f(T::V::load(x.add(k * lanes)), T::V::load(y.add(k * lanes)), T::V::load(z.add(k * lanes))));
            v.into_iter().enumerate().for_each(|(k, v)| v.store(out.add(k * lanes)));
            i += 4 * lanes;
        }
        while i + lanes <= end {
            f(T::V::load(x.add(i)), T::V::load(y.add(i)), T::V::load(z.add(i))).store(out.add(i));
            i += lanes;
        }
        if i < end {
            let part = |p: *const T| T::V::load_partial(p.add(i), end - i);
            f(part(x), part(y), part(z)).store_partial(out.add(i), end - i);
        }
    }
}

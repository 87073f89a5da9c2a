//! Arithmetic of two float operands.

use super::{pair, pair_nd};
use crate::math;
use crate::simd::Vector;

/// A binary op in both forms. The function is a closure on vectors.
macro_rules! float_pair {
    ($($(#[$doc:meta])* $name:ident $name_nd:ident = $f:expr;)+) => {
        kernel! {$(
            $(#[$doc])*
            fn $name<T>(out: *mut T, x: *const T, y: *const T, sx: usize, sy: usize, begin: usize, end: usize) {
                pair(out, x, y, sx, sy, begin, end, &$f)
            }
            $(#[$doc])*
            fn $name_nd<T>(out: *mut T, x: *const T, y: *const T, meta: *const i32, begin: usize, end: usize) {
                pair_nd(out, x, y, meta, begin, end, &$f)
            }
        )+}
    };
}

float_pair! {
    add add_nd = |a: T::V, b: T::V| a.add(b);
    sub sub_nd = |a: T::V, b: T::V| a.sub(b);
    mul mul_nd = |a: T::V, b: T::V| a.mul(b);
    div div_nd = |a: T::V, b: T::V| a.div(b);
    /// The smaller; NaN if either is.
    min min_nd = |a: T::V, b: T::V| a.min(b);
    /// The larger; NaN if either is.
    max max_nd = |a: T::V, b: T::V| a.max(b);
    /// The remainder with the sign of y.
    remainder remainder_nd = |a: T::V, b: T::V| out_of_line::remainder(a, b);
    /// The remainder with the sign of x.
    fmod fmod_nd = |a: T::V, b: T::V| out_of_line::fmod(a, b);
    floor_divide floor_divide_nd = |a: T::V, b: T::V| out_of_line::floor_div(a, b);
    pow pow_nd = |a: T::V, b: T::V| out_of_line::pow(a, b);
    atan2 atan2_nd = |a: T::V, b: T::V| out_of_line::atan2(a, b);
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
        pair(out, x, y, sx, sy, begin, end, &move |a: T::V, b: T::V| b.madd(alpha, a))
    }
    fn add_scaled_nd<T>(out: *mut T, x: *const T, y: *const T, alpha: f64, meta: *const i32, begin: usize, end: usize) {
        let alpha = T::V::splat(T::from_f64(alpha));
        pair_nd(out, x, y, meta, begin, end, &move |a: T::V, b: T::V| b.madd(alpha, a))
    }
}

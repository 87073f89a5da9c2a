//! Arithmetic, rounding and the elementary functions of one float operand.

use super::{c, map1, map1_long, map1_near};
use crate::math;
use crate::simd::Vector;

kernel! {
    /// −x, ±0 and NaN included.
    fn neg<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.neg()) }
    /// |x|.
    fn abs<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.abs()) }
    /// −1, 0 or 1; 0 for ±0 and NaN, as in PyTorch.
    fn sign<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        map1(out, x, begin, end, |v| {
            let (zero, one) = (c::<T::V>(0.0), c::<T::V>(1.0));
            v.gt(zero).and(one).sub(v.lt(zero).and(one))
        })
    }
    /// √x.
    fn sqrt<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.sqrt()) }
    /// 1 / √x.
    fn rsqrt<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| c::<T::V>(1.0).div(v.sqrt())) }
    /// 1 / x.
    fn reciprocal<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| c::<T::V>(1.0).div(v)) }
    /// x².
    fn square<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.mul(v)) }
    /// x³.
    fn cube<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.mul(v).mul(v)) }
    /// The largest whole number ≤ x.
    fn floor<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.floor()) }
    /// The smallest whole number ≥ x.
    fn ceil<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.ceil()) }
    /// The nearest whole number, ties to even.
    fn round<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.nearest()) }
    /// x without its fraction.
    fn trunc<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1(out, x, begin, end, |v| v.trunc()) }
    /// min(max(x, low), high): `high` where low > high; NaN where x or a bound is NaN.
    fn clamp<T>(out: *mut T, x: *const T, low: f64, high: f64, begin: usize, end: usize) {
        if low.is_nan() || high.is_nan() {
            return map1(out, x, begin, end, |_| T::V::splat(T::NAN));
        }
        map1(out, x, begin, end, |v| v.at_least(c(low)).at_most(c(high)))
    }

    fn exp<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        map1_near(out, x, begin, end, |v| math::exp_is_far(v), |v| math::exp_near(v), |v| math::exp(v))
    }
    /// e^x − 1.
    fn expm1<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::expm1(v)) }
    fn log<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::log(v)) }
    /// log(1 + x).
    fn log1p<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::log1p(v)) }
    fn log2<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::log2(v)) }
    fn log10<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::log10(v)) }
    fn sin<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::sin(v)) }
    fn cos<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::cos(v)) }
    fn tan<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::tan(v)) }
    fn tanh<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::tanh(v)) }
    fn sigmoid<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        map1_near(out, x, begin, end, |v| math::exp_is_far(v), |v| math::sigmoid_near(v), |v| math::sigmoid(v))
    }
    fn erf<T>(out: *mut T, x: *const T, begin: usize, end: usize) { map1_long(out, x, begin, end, |v| math::erf(v)) }
}

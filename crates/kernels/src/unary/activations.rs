//! Activation functions, with PyTorch's formulas.

use super::{c, map1, map1_long, map1_near};
use crate::math;
use crate::simd::Vector;

/// Φ(x), the normal distribution function: (1 + erf(x / √2)) / 2.
#[inline(always)]
pub(super) fn normal_cdf<V: Vector>(x: V) -> V {
    math::erf(x.mul(c(core::f64::consts::FRAC_1_SQRT_2))).add(c(1.0)).mul(c(0.5))
}

/// tanh(√(2/π) (x + 0.044715 x³)), from which gelu's approximation is made.
#[inline(always)]
pub(super) fn gelu_inner<V: Vector>(x: V) -> V {
    let cube = x.mul(x).mul(x);
    math::tanh(x.add(cube.mul(c(0.044715))).mul(c(SQRT_2_OVER_PI)))
}
pub(super) const SQRT_2_OVER_PI: f64 = 0.7978845608028654;

/// −2 √(2/π) (x + 0.044715 x³): (1 + tanh u) / 2 = 1 / (1 + e^−2u).
#[inline(always)]
pub(super) fn gelu_exponent<V: Vector>(x: V) -> V {
    x.mul(x.mul(x).madd(c(-2.0 * 0.044715 * SQRT_2_OVER_PI), c(-2.0 * SQRT_2_OVER_PI)))
}

/// Its sign bit is set where e to the power of [`gelu_exponent`] or its inverse is no normal number, and at NaN.
#[inline(always)]
pub(super) fn gelu_is_far<V: Vector>(x: V) -> V {
    c::<V>(if V::LANES == 4 { 9.9 } else { 21.0 }).int_sub(x.abs_bits())
}

kernel! {
    /// max(x, 0). NaN stays NaN, −0 stays −0.
    fn relu<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        map1(out, x, begin, end, |v| v.at_least(c(0.0)))
    }
    /// x > 0 ? x : slope · x.
    fn leaky_relu<T>(out: *mut T, x: *const T, slope: f64, begin: usize, end: usize) {
        map1(out, x, begin, end, |v| v.gt(c(0.0)).select(v, v.mul(c(slope))))
    }
    /// x > 0 ? x : alpha · (e^x − 1).
    fn elu<T>(out: *mut T, x: *const T, alpha: f64, begin: usize, end: usize) {
        map1_long(out, x, begin, end, |v| v.gt(c(0.0)).select(v, math::expm1(v).mul(c(alpha))))
    }
    /// x · Φ(x).
    fn gelu<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        let near = |v: T::V| {
            let (_, tail) = math::normal_near(v);
            v.at_least(c(0.0)).sub(v.abs_bits().mul(tail))
        };
        map1_near(out, x, begin, end, |v| math::normal_is_far(v), near, |v| math::normal_is_far(v).sign_mask().select(v.mul(normal_cdf(v)), near(v)))
    }
    /// x / 2 · (1 + tanh(√(2/π) (x + 0.044715 x³))).
    fn gelu_tanh<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        let near = |v: T::V| v.div(math::one_plus_exp_near(gelu_exponent(v)));
        let anywhere = |v: T::V| gelu_is_far(v).sign_mask().select(v.mul(c(0.5)).mul(gelu_inner(v).add(c(1.0))), near(v));
        map1_near(out, x, begin, end, |v| gelu_is_far(v), near, anywhere)
    }
    /// x · sigmoid(x).
    fn silu<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        let near = |v: T::V| v.div(math::one_plus_exp_near(v.neg()));
        let anywhere = |v: T::V| math::exp_is_far(v).sign_mask().select(v.mul(math::sigmoid(v)), near(v));
        map1_near(out, x, begin, end, |v| math::exp_is_far(v), near, anywhere)
    }
    /// log(1 + e^(beta x)) / beta, and x itself where beta x > threshold.
    fn softplus<T>(out: *mut T, x: *const T, beta: f64, threshold: f64, begin: usize, end: usize) {
        let by = |f: fn(T::V) -> T::V, v: T::V| {
            let scaled = v.mul(c(beta));
            scaled.gt(c(threshold)).select(v, f(scaled).div(c(beta)))
        };
        let is_far = |v: T::V| math::exp_is_far(v.mul(c(beta)));
        map1_near(out, x, begin, end, is_far, |v| by(math::softplus_near, v), |v| by(math::softplus, v))
    }
}

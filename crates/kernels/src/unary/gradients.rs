//! The backward passes of activations, each in one pass over memory: out = g · f'(x), from x or from y = f(x).

use super::activations::{gelu_exponent, gelu_inner, gelu_is_far, normal_cdf, SQRT_2_OVER_PI};
use super::{c, map2, map2_near};
use crate::math;
use crate::simd::Vector;

kernel! {
    /// y > 0 ? g : 0; g where y is NaN.
    fn relu_grad<T>(out: *mut T, g: *const T, y: *const T, begin: usize, end: usize) {
        map2(out, g, y, begin, end, |g, y| y.le(c(0.0)).select(c(0.0), g))
    }
    /// g (1 − y²).
    fn tanh_grad<T>(out: *mut T, g: *const T, y: *const T, begin: usize, end: usize) {
        map2(out, g, y, begin, end, |g, y| g.mul(c::<T::V>(1.0).sub(y.mul(y))))
    }
    /// g y (1 − y).
    fn sigmoid_grad<T>(out: *mut T, g: *const T, y: *const T, begin: usize, end: usize) {
        map2(out, g, y, begin, end, |g, y| g.mul(y.mul(c::<T::V>(1.0).sub(y))))
    }
    /// x > 0 ? g : slope · g.
    fn leaky_relu_grad<T>(out: *mut T, g: *const T, x: *const T, slope: f64, begin: usize, end: usize) {
        map2(out, g, x, begin, end, |g, x| x.gt(c(0.0)).select(g, g.mul(c(slope))))
    }
    /// x ≤ 0 ? alpha e^x g : g.
    fn elu_grad<T>(out: *mut T, g: *const T, x: *const T, alpha: f64, begin: usize, end: usize) {
        map2(out, g, x, begin, end, |g, x| x.le(c(0.0)).select(g.mul(math::exp(x).mul(c(alpha))), g))
    }
    /// g (Φ(x) + x φ(x)), φ the normal density.
    fn gelu_grad<T>(out: *mut T, g: *const T, x: *const T, begin: usize, end: usize) {
        /// 1 / √(2π).
        const DENSITY_AT_0: f64 = 0.3989422804014327;
        let near = |g: T::V, x: T::V| {
            let (e, tail) = math::normal_near(x);
            let cdf = x.lt(c(0.0)).select(tail, c::<T::V>(1.0).sub(tail));
            g.mul(x.mul(c(DENSITY_AT_0)).madd(e, cdf))
        };
        let far = |g: T::V, x: T::V| {
            let density = math::exp(x.mul(x).mul(c(-0.5))).mul(c(DENSITY_AT_0));
            g.mul(normal_cdf(x).add(x.mul(density)))
        };
        let anywhere = |g, x: T::V| math::normal_is_far(x).sign_mask().select(far(g, x), near(g, x));
        map2_near(out, g, x, begin, end, |x| math::normal_is_far(x), near, anywhere)
    }
    /// The derivative of gelu_tanh times g.
    fn gelu_tanh_grad<T>(out: *mut T, g: *const T, x: *const T, begin: usize, end: usize) {
        let slope = |x: T::V| x.mul(x).madd(c(3.0 * 0.044715 * SQRT_2_OVER_PI), c(SQRT_2_OVER_PI));
        // With s = (1 + tanh u) / 2: s + 2 x s (1 − s) u'.
        let by = |g: T::V, x: T::V, s: T::V| {
            let bend = x.add(x).mul(s).mul(c::<T::V>(1.0).sub(s)).mul(slope(x));
            g.mul(s.add(bend))
        };
        let near = |g: T::V, x: T::V| by(g, x, c::<T::V>(1.0).div(math::one_plus_exp_near(gelu_exponent(x))));
        let far = |g: T::V, x: T::V| by(g, x, gelu_inner(x).add(c(1.0)).mul(c(0.5)));
        let anywhere = |g, x: T::V| gelu_is_far(x).sign_mask().select(far(g, x), near(g, x));
        map2_near(out, g, x, begin, end, |x| gelu_is_far(x), near, anywhere)
    }
    /// g s (1 + x (1 − s)) with s = sigmoid(x).
    fn silu_grad<T>(out: *mut T, g: *const T, x: *const T, begin: usize, end: usize) {
        let by = |g: T::V, x: T::V, s: T::V| {
            let one = c::<T::V>(1.0);
            g.mul(s).mul(x.madd(one.sub(s), one))
        };
        let near = |g: T::V, x: T::V| by(g, x, math::sigmoid_near(x));
        map2_near(out, g, x, begin, end, |x| math::exp_is_far(x), near, |g, x| by(g, x, math::sigmoid(x)))
    }
    /// g sigmoid(beta x), and g itself where beta x > threshold.
    fn softplus_grad<T>(out: *mut T, g: *const T, x: *const T, beta: f64, threshold: f64, begin: usize, end: usize) {
        let by = |f: fn(T::V) -> T::V, g: T::V, x: T::V| {
            let scaled = x.mul(c(beta));
            scaled.gt(c(threshold)).select(g, g.mul(f(scaled)))
        };
        let is_far = |x: T::V| math::exp_is_far(x.mul(c(beta)));
        map2_near(out, g, x, begin, end, is_far, |g, x| by(math::sigmoid_near, g, x), |g, x| by(math::sigmoid, g, x))
    }
    /// g where low < x < high, else 0: at a bound too, as PyTorch has it.
    fn clamp_grad<T>(out: *mut T, g: *const T, x: *const T, low: f64, high: f64, begin: usize, end: usize) {
        map2(out, g, x, begin, end, |g, x| x.gt(c(low)).and(x.lt(c(high))).select(g, c(0.0)))
    }
}

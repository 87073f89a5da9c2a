//! The backward passes of activations, each in one pass over memory: out = g · f'(x), from x or from y = f(x).

use super::activations::{gelu_inner, normal_cdf, SQRT_2_OVER_PI};
use super::{c, map2};
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
        map2(out, g, x, begin, end, |g, x| {
            let density = math::exp(x.mul(x).mul(c(-0.5))).mul(c(DENSITY_AT_0));
            g.mul(normal_cdf(x).add(x.mul(density)))
        })
    }
    /// The derivative of gelu_tanh times g.
    fn gelu_tanh_grad<T>(out: *mut T, g: *const T, x: *const T, begin: usize, end: usize) {
        map2(out, g, x, begin, end, |g, x| {
            let (one, half) = (c::<T::V>(1.0), c::<T::V>(0.5));
            let t = gelu_inner(x);
            let slope = x.mul(x).mul(c(3.0 * 0.044715)).add(one).mul(c(SQRT_2_OVER_PI));
            let bend = half.mul(x).mul(one.sub(t.mul(t))).mul(slope);
            g.mul(half.mul(one.add(t)).add(bend))
        })
    }
    /// g s (1 + x (1 − s)) with s = sigmoid(x).
    fn silu_grad<T>(out: *mut T, g: *const T, x: *const T, begin: usize, end: usize) {
        map2(out, g, x, begin, end, |g, x| {
            let one = c::<T::V>(1.0);
            let s = math::sigmoid(x);
            g.mul(s).mul(one.add(x.mul(one.sub(s))))
        })
    }
    /// g sigmoid(beta x), and g itself where beta x > threshold.
    fn softplus_grad<T>(out: *mut T, g: *const T, x: *const T, beta: f64, threshold: f64, begin: usize, end: usize) {
        map2(out, g, x, begin, end, |g, x| {
            let scaled = x.mul(c(beta));
            scaled.gt(c(threshold)).select(g, g.mul(math::sigmoid(scaled)))
        })
    }
    /// g where low < x < high, else 0: at a bound too, as PyTorch has it.
    fn clamp_grad<T>(out: *mut T, g: *const T, x: *const T, low: f64, high: f64, begin: usize, end: usize) {
        map2(out, g, x, begin, end, |g, x| x.gt(c(low)).and(x.lt(c(high))).select(g, c(0.0)))
    }
}

//! Normal and exponential numbers.

use super::Generator;
use crate::math;
use crate::simd::{Real, Vector};

/// PyTorch's block of normals; shorter requests are drawn one by one, in double precision.
const BLOCK: usize = 16;

/// Box-Muller in place on 16 uniforms: the first 8 give radii, the last 8 angles.
#[inline(always)]
unsafe fn box_muller<T: Real>(x: *mut T, mean: T::V, std: T::V) {
    let splat = |v: f64| T::V::splat(T::from_f64(v));
    let mut j = 0;
    while j < BLOCK / 2 {
        let (a, b) = (x.add(j), x.add(j + BLOCK / 2));
        // 1 − u is in (0, 1]: its logarithm is finite.
        let radius = splat(-2.0).mul(math::log_of_normal(splat(1.0).sub(T::V::load(a)))).sqrt();
        let (sin, cos) = math::sin_cos_turn(splat(2.0 * core::f64::consts::PI).mul(T::V::load(b)));
        radius.mul(cos).mul(std).add(mean).store(a);
        radius.mul(sin).mul(std).add(mean).store(b);
        j += T::V::LANES;
    }
}

impl Generator {
    unsafe fn normal(&mut self) -> f64 {
        if self.has_normal != 0 {
            self.has_normal = 0;
            return self.normal;
        }
        let one = |f: fn(<f64 as Real>::V) -> <f64 as Real>::V, x: f64| f(<f64 as Real>::V::splat(x)).first();
        let angle = 2.0 * core::f64::consts::PI * self.unit_f64();
        // PyTorch's log1p(−u); 1 − u is exact.
        let radius = (-2.0 * one(math::log, 1.0 - self.unit_f64())).sqrt();
        self.normal = radius * one(math::sin, angle);
        self.has_normal = 1;
        radius * one(math::cos, angle)
    }
}

kernel! {
    /// Normal numbers: mean + std · N(0, 1). The last n mod 16 of a long request are drawn anew with their 16 neighbours.
    fn normal<T>(out: *mut T, g: *mut Generator, n: usize, mean: f64, std: f64) {
        let mut i = 0;
        if n < BLOCK {
            while i < n {
                *out.add(i) = T::from_f64((*g).normal() * std + mean);
                i += 1;
            }
            return;
        }
        let (mean, std) = (T::V::splat(T::from_f64(mean)), T::V::splat(T::from_f64(std)));
        (*g).units(out, n);
        while i + BLOCK <= n {
            box_muller(out.add(i), mean, std);
            i += BLOCK;
        }
        if i < n {
            let last = out.add(n - BLOCK);
            (*g).units(last, BLOCK);
            box_muller(last, mean, std);
        }
    }

    /// Exponential numbers: −ln(1 − u) / lambda.
    fn exponential<T>(out: *mut T, g: *mut Generator, n: usize, lambda: f64) {
        let mut i = 0;
        while i < n {
            let log = math::log(<f64 as Real>::V::splat(1.0 - (*g).unit_f64())).first();
            *out.add(i) = T::from_f64(-1.0 / lambda * log);
            i += 1;
        }
    }
}

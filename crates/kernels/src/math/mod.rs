//! Elementary functions on vectors, for f32 and f64 alike: at most 2 ulp from the true value over the
//! whole range, and right at ±0, ±Inf, NaN and subnormals. They are ours, and not the engine's `Math`,
//! so that every engine gives the same numbers. None relies on `madd` being fused or not.
//!
//! Polynomials are Chebyshev fits whose error lies below half an ulp; coefficients run from the highest power down.

mod erf;
mod exp;
pub mod gates;
mod log;
mod pow;
mod rem_pio2;
#[cfg(test)]
mod tests;
mod trig;
mod turn;
mod twofold;

pub use erf::{erf, normal_is_far, normal_near};
pub use exp::{exp, exp_falling, exp_is_far, exp_near, expm1, one_plus_exp_near, sigmoid, sigmoid_near, softplus, softplus_near, tanh};
pub use log::{log, log10, log1p, log2, log_of_normal};
pub use pow::{floor_div, fmod, pow, remainder};
pub use trig::{atan2, cos, sin, tan};
pub use turn::sin_cos_turn;

use crate::simd::{Real, Vector};

/// Two f64 lanes.
type Double = <f64 as Real>::V;

/// The constant `x` in every lane.
#[inline(always)]
fn c<V: Vector>(x: f64) -> V {
    V::splat(V::E::from_f64(x))
}

/// Whether the lanes are f32. A constant, so the other branch vanishes.
#[inline(always)]
const fn is_single<V: Vector>() -> bool {
    V::LANES == 4
}

/// `single` for f32 lanes, `double` for f64 lanes.
#[inline(always)]
fn by_type<V: Vector, A>(single: A, double: A) -> A {
    if is_single::<V>() {
        single
    } else {
        double
    }
}

/// The bits below the exponent.
#[inline(always)]
fn mantissa_bits<V: Vector>() -> u32 {
    by_type::<V, u32>(23, 52)
}

/// The polynomial with these coefficients, highest power first.
#[inline(always)]
fn horner<V: Vector>(x: V, coefficients: &[f64]) -> V {
    match coefficients.split_first() {
        Some((&first, rest)) => rest.iter().fold(c(first), |sum, &k| sum.madd(x, c(k))),
        None => c(0.0),
    }
}

/// 2^n for a whole n within the range of normal exponents.
#[inline(always)]
fn pow2<V: Vector>(n: V) -> V {
    // Adding 1.5 · 2^23 (or 2^52) leaves n in the low bits; the shift drops all others.
    let shifter = c::<V>(by_type::<V, f64>(12582912.0, 6755399441055744.0));
    n.add(shifter).int_shl(mantissa_bits::<V>()).int_add(c(1.0))
}

/// |x| with the sign of `sign`.
#[inline(always)]
fn with_sign<V: Vector>(x: V, sign: V) -> V {
    c::<V>(-0.0).select(sign, x)
}

/// Computes f32 lanes in f64 and rounds once at the end; f64 lanes pass as they are.
#[inline(always)]
fn in_double<V: Vector>(x: V, y: V, f: impl Fn(Double, Double) -> Double) -> V {
    let (mut a, mut b, mut out) = ([V::E::ZERO; 4], [V::E::ZERO; 4], [V::E::ZERO; 4]);
    unsafe {
        x.store(a.as_mut_ptr());
        y.store(b.as_mut_ptr());
        let mut i = 0;
        while i < V::LANES {
            let pair = |p: *const V::E| {
                let lanes = [(*p).to_f64(), (*p.add(1)).to_f64()];
                Double::load(lanes.as_ptr())
            };
            let r = f(pair(a.as_ptr().add(i)), pair(b.as_ptr().add(i)));
            *out.as_mut_ptr().add(i) = V::E::from_f64(r.lane(0));
            *out.as_mut_ptr().add(i + 1) = V::E::from_f64(r.lane(1));
            i += 2;
        }
        V::load(out.as_ptr())
    }
}

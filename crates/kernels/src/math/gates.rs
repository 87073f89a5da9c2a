//! The functions of gates, in half the instructions of [`super::sigmoid`] and [`super::tanh`]: the loop of a recurrent
//! layer spends as long on them as on its products. The price: σ is 0 below about −88 (−709), where it should be
//! smaller than any normal number, and errors reach 3 ulp.

use super::exp::{ln2, tail};
use super::{by_type, c, mantissa_bits, with_sign, Vector};

/// 2^n and e^r − 1 with t = n ln 2 + r, for t within the range of normal exponents and one beyond.
#[inline(always)]
fn split<V: Vector>(t: V) -> (V, V) {
    // Adding 1.5 · 2^23 (or 2^52) rounds, and leaves the whole number in the low bits; the shift drops all others.
    let shifter = c::<V>(by_type::<V, f64>(12582912.0, 6755399441055744.0));
    let shifted = t.mul(c(core::f64::consts::LOG2_E)).add(shifter);
    let n = shifted.sub(shifter);
    let (hi, lo) = ln2::<V>();
    let r = t.sub(n.mul(hi)).sub(n.mul(lo));
    (shifted.int_shl(mantissa_bits::<V>()).int_add(c(1.0)), r.add(r.mul(r).mul(tail(r))))
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    // At the upper bound 2^n is Inf, and so the result 0.
    let (low, high) = by_type::<V, (f64, f64)>((-87.0, 88.8), (-708.0, 709.9));
    let (scale, p) = split(x.neg().at_least(c(low)).at_most(c(high)));
    one.div(one.add(scale.mul(one.add(p))))
}

/// tanh x = (e^2x − 1) / (e^2x + 1).
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    // From there on it is 1.
    let bound = by_type::<V, f64>(18.1, 38.2);
    let a = x.abs();
    let (scale, p) = split(a.add(a).at_most(c(bound)));
    let e = scale.mul(p).add(scale.sub(one));
    with_sign(e.div(e.add(c(2.0))), x)
}

#[cfg(test)]
mod tests {
    use crate::simd::{Real, Vector};

    type F32s = <f32 as Real>::V;
    type F64s = <f64 as Real>::V;

    /// The largest error in units of the last place, over floats of all sizes.
    fn worst(f: impl Fn(f64) -> f64, exact: impl Fn(f64) -> f64, epsilon: f64, smallest: f64) -> f64 {
        let xs = (0..200_000)
            .map(|i| (i as f64 - 1e5) / 1e3)
            .chain((0..4000).map(|i| 1.01f64.powi(i - 3900)));
        xs.flat_map(|x| [x, -x])
            .map(|x| {
                let (got, want) = (f(x), exact(x));
                (got - want).abs() / (want.abs().max(smallest) * epsilon)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn gates_are_within_3_ulp() {
        let single = f32::EPSILON as f64;
        let rounded = |x: f64| x as f32 as f64;
        let sigmoid = |x: f64| crate::math::sigmoid(F64s::splat(x)).first();
        let tanh = |x: f64| crate::math::tanh(F64s::splat(x)).first();
        // Below the normal numbers 0 will do.
        let errors = [
            worst(
                |x| super::sigmoid(F32s::splat(x as f32)).first() as f64,
                |x| sigmoid(rounded(x)),
                single,
                1e-30,
            ),
            worst(
                |x| super::tanh(F32s::splat(x as f32)).first() as f64,
                |x| tanh(rounded(x)),
                single,
                1e-37,
            ),
            worst(|x| super::sigmoid(F64s::splat(x)).first(), sigmoid, f64::EPSILON, 1e-290),
            worst(|x| super::tanh(F64s::splat(x)).first(), tanh, f64::EPSILON, 1e-300),
        ];
        assert!(errors.iter().all(|&e| e <= 3.0), "{errors:?}");
    }

    #[test]
    fn gates_at_the_ends() {
        for (x, s, t) in [
            (f32::INFINITY, 1.0, 1.0),
            (f32::NEG_INFINITY, 0.0, -1.0),
            (88.5, 1.0, 1.0),
            (-88.5, 0.0, -1.0),
            (0.0, 0.5, 0.0),
        ] {
            assert_eq!(super::sigmoid(F32s::splat(x)).first(), s);
            assert_eq!(super::tanh(F32s::splat(x)).first(), t);
        }
        assert!(super::tanh(F32s::splat(-0.0)).first().is_sign_negative());
        assert!(super::sigmoid(F32s::splat(f32::NAN)).first().is_nan() && super::tanh(F32s::splat(f32::NAN)).first().is_nan());
        assert_eq!(super::sigmoid(F64s::splat(-720.0)).first(), 0.0);
        assert_eq!(super::tanh(F64s::splat(-40.0)).first(), -1.0);
    }
}

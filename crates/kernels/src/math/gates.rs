//! The functions of gates, in half the instructions of [`super::sigmoid`] and [`super::tanh`]: the loop of a recurrent
//! layer spends as long on them as on its products. The price: σ is 0 below about −88 (−709), where it should be
//! smaller than any normal number, and errors reach 3 ulp.

use super::exp::ln2;
use super::{by_type, c, mantissa_bits, with_sign, Vector};

/// (e^−r − 1 + r) / r² for |r| ≤ ln(2) / 2, from the lowest power on. Of floats enough for σ: 1 + e^−x hides half of the error.
const FEW: [f64; 4] = [
    0.49999230303366665,
    -0.16667115389454498,
    0.04189033237841875,
    -0.008312501506178033,
];
const SINGLE: [f64; 5] = [
    0.4999999343206418,
    -0.16666520398126253,
    0.041668390793340254,
    -0.008368745217428924,
    0.0013814540074406946,
];
const DOUBLE: [f64; 11] = [
    0.5,
    -0.1666666666666667,
    0.04166666666666667,
    -0.008333333333326025,
    0.001388888888888367,
    -0.00019841269875205077,
    2.4801587325822283e-05,
    -2.75572549134867e-06,
    2.7557273295539724e-07,
    -2.5105419192016337e-08,
    2.091483135138041e-09,
];

/// 2^n and e^−r − 1 with x = r − n ln 2, for −x within the range of normal exponents and one beyond.
#[inline(always)]
fn split<V: Vector>(x: V, coefficients: &[f64]) -> (V, V) {
    // Adding 1.5 · 2^23 (or 2^52) rounds, and leaves the whole number in the low bits; the shift drops all others.
    let shifter = c::<V>(by_type::<V, f64>(12582912.0, 6755399441055744.0));
    let shifted = x.madd(c(-core::f64::consts::LOG2_E), shifter);
    let n = shifted.sub(shifter);
    let (hi, lo) = ln2::<V>();
    let r = n.madd(lo, n.madd(hi, x));
    // Even and odd powers apart: the processor waits half as long, and r² is there anyhow.
    let square = r.mul(r);
    let half = |odd: usize| {
        let mut powers = coefficients.iter().skip(odd).step_by(2).rev();
        let first = powers.next().map_or(c(0.0), |&k| c(k));
        powers.fold(first, |sum: V, &k| sum.madd(square, c(k)))
    };
    let tail = half(1).madd(r, half(0));
    (shifted.int_shl(mantissa_bits::<V>()).int_add(c(1.0)), square.mul(tail).sub(r))
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    // At the lower bound 2^n is Inf, and so the result 0.
    let (low, high) = by_type::<V, (f64, f64)>((-88.8, 87.0), (-709.9, 708.0));
    let (scale, p) = split(x.at_least(c(low)).at_most(c(high)), by_type::<V, &[f64]>(&FEW, &DOUBLE));
    one.div(scale.madd(one.add(p), one))
}

/// tanh x = (e^2x − 1) / (e^2x + 1).
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    // From there on it is 1.
    let bound = by_type::<V, f64>(-18.1, -38.2);
    let a = x.or(c(-0.0)); // −|x|
    let (scale, p) = split(a.add(a).at_least(c(bound)), by_type::<V, &[f64]>(&SINGLE, &DOUBLE));
    let e = scale.madd(p, scale.sub(one));
    with_sign(e.div(e.add(c(2.0))), x)
}

/// tanh x, given h = o tanh x. Through a closed gate, o = 0, it is 0: nothing that it is needed for comes through.
#[inline(always)]
pub fn tanh_behind<V: Vector>(h: V, o: V) -> V {
    let smallest = by_type::<V, f64>(f32::MIN_POSITIVE as f64, f64::MIN_POSITIVE);
    h.div(o.at_least(c(smallest)))
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

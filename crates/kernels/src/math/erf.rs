//! The error function.

use super::exp::{exp_near, exp_near_short};
use super::{by_type, c, horner, with_sign, Vector};

/// erf(x) / x − 1 in x², for |x| < 0.92.
const NEAR_SINGLE: [f64; 7] = [
    8.334718615209905e-05,
    -0.0008134709332119057,
    0.005200368586864961,
    -0.026859151472438985,
    0.11283691519733097,
    -0.3761263351714081,
    0.12837916662064427,
];
const NEAR_DOUBLE: [f64; 12] = [
    -8.285806127735877e-10,
    1.3959896590832209e-08,
    -1.6259160865477106e-07,
    1.6453471841530485e-06,
    -1.492518453446681e-05,
    0.00012055316162564441,
    -0.0008548326622633597,
    0.005223977619376137,
    -0.026866170644588887,
    0.11283791670952618,
    -0.3761263890318371,
    0.1283791670955126,
];
/// log(erfc(t)) / t, fitted with weight erfc(t): what 1 − erfc(t) can feel.
const FAR_SINGLE: [f64; 7] = [
    -1.4005762778326046e-05,
    0.0003485533287589125,
    -0.0037396304919234203,
    0.023953022555247644,
    -0.1064431402387242,
    -0.6350351073365511,
    -1.1286751980106315,
];
const FAR_DOUBLE: [f64; 18] = [
    1.752702674748285e-12,
    -7.66776917912454e-11,
    1.5712974490683353e-09,
    -2.0032774099213597e-08,
    1.7779255521972692e-07,
    -1.1620186841937154e-06,
    5.746210798084564e-06,
    -2.1553099127943736e-05,
    5.9172452287675034e-05,
    -0.00010192518513162623,
    1.139671532405465e-05,
    0.0005614426524127497,
    -0.0016796375568811789,
    0.00020239054707476715,
    0.019130214972463824,
    -0.10277279835475507,
    -0.6366197967446843,
    -1.1283791597804986,
];

/// erf x = 2/√π ∫₀ˣ e^(−t²) dt.
#[inline(always)]
pub fn erf<V: Vector>(x: V) -> V {
    let z = x.mul(x);
    let near = x.add(x.mul(horner(z, by_type::<V, &[f64]>(&NEAR_SINGLE, &NEAR_DOUBLE))));
    // Beyond 4 (6) erf is 1 to the last bit.
    let t = x.abs().at_most(c(by_type::<V, f64>(4.0, 6.0)));
    let far = c::<V>(1.0).sub(exp_near(t.mul(horner(t, by_type::<V, &[f64]>(&FAR_SINGLE, &FAR_DOUBLE)))));
    // Of a NaN only `near` is one.
    x.abs().ge(c(0.92)).select(with_sign(far, x), near)
}

/// Its sign bit is set where [`normal_near`] does not hold: |x| above the largest for which e^(−x²/2) is a normal number, and NaN.
#[inline(always)]
pub fn normal_is_far<V: Vector>(x: V) -> V {
    c::<V>(by_type::<V, f64>(13.0, 37.0)).int_sub(x.abs_bits())
}

/// e^(−x²/2) and Q(|x|) = 1 − Φ(|x|), the tail of the normal distribution, where [`normal_is_far`] does not apply:
/// right to 1e-7 of it for |x| < 5, to 1e-5 where it is below 1e-7. Doubles: to 1e-16 of 1.
#[inline(always)]
pub fn normal_near<V: Vector>(x: V) -> (V, V) {
    /// Q(t) e^(t²/2), with weight falling beyond 5.
    const ABOVE: [f64; 4] = [0.01449308124, 0.108461232, 0.3422150171, 0.499999951];
    const BELOW: [f64; 5] = [0.03634221003, 0.2714549948, 0.8996847106, 1.482309026, 1.0];
    let t = x.abs_bits();
    let e = exp_near_short(x.mul(x).mul(c(-0.5)));
    let tail = if V::LANES == 4 {
        e.mul(horner(t, &ABOVE)).div(horner(t, &BELOW))
    } else {
        c::<V>(0.5).sub(erf(t.mul(c(core::f64::consts::FRAC_1_SQRT_2))).mul(c(0.5)))
    };
    (e, tail)
}

//! sin, cos, tan and atan2. f32 lanes are computed in f64: the reduction by π/2 needs its bits.

use super::exp::with_near_zero;
use super::rem_pio2::rem_pio2;
use super::twofold::{divide, fast_two_sum};
use super::{c, horner, in_double, with_sign, Double, Vector};

/// (sin(x) / x − 1) / x² and (cos(x) − 1 + x²/2) / x⁴ in x², for |x| ≤ π/4.
pub(super) const SIN: [f64; 6] = [
    1.5917848524808262e-10,
    -2.5051127944014188e-08,
    2.755731608381636e-06,
    -0.00019841269836722418,
    0.008333333333330925,
    -0.16666666666666666,
];
pub(super) const COS: [f64; 6] = [
    -1.1382456778061306e-11,
    2.0876143827993133e-09,
    -2.7557317260008837e-07,
    2.480158729874307e-05,
    -0.0013888888888887382,
    0.041666666666666664,
];

/// sin(y + low) with |y| ≤ π/4, as a twofold number.
#[inline(always)]
fn sin_part(y: Double, low: Double) -> (Double, Double) {
    let z = y.mul(y);
    // cos(y) · low, with cos(y) ≈ 1 − y²/2.
    let carry = low.sub(low.mul(z).mul(c(0.5)));
    fast_two_sum(y, y.mul(z).mul(horner(z, &SIN)).add(carry))
}

/// cos(y + low) with |y| ≤ π/4, as a twofold number.
#[inline(always)]
fn cos_part(y: Double, low: Double) -> (Double, Double) {
    let z = y.mul(y);
    let half = z.mul(c(0.5));
    let one = c::<Double>(1.0);
    let (w, lost) = fast_two_sum(one, half.neg());
    fast_two_sum(w, lost.add(z.mul(z).mul(horner(z, &COS)).sub(y.mul(low))))
}

/// Sine.
#[inline(always)]
pub fn sin<V: Vector>(x: V) -> V {
    with_near_zero(
        x,
        in_double(x, x, |x, _| {
            let (n, y, low) = rem_pio2(x);
            let odd = n.eq(c(1.0)).or(n.eq(c(3.0)));
            let s = odd.select(cos_part(y, low).0, sin_part(y, low).0);
            n.ge(c(2.0)).select(s.neg(), s)
        }),
    )
}

/// Cosine.
#[inline(always)]
pub fn cos<V: Vector>(x: V) -> V {
    in_double(x, x, |x, _| {
        let (n, y, low) = rem_pio2(x);
        let odd = n.eq(c(1.0)).or(n.eq(c(3.0)));
        let s = odd.select(sin_part(y, low).0, cos_part(y, low).0);
        n.eq(c(1.0)).or(n.eq(c(2.0))).select(s.neg(), s)
    })
}

/// Tangent.
#[inline(always)]
pub fn tan<V: Vector>(x: V) -> V {
    with_near_zero(
        x,
        in_double(x, x, |x, _| {
            let (n, y, low) = rem_pio2(x);
            let odd = n.eq(c(1.0)).or(n.eq(c(3.0)));
            let (s, t) = (sin_part(y, low), cos_part(y, low));
            let pick = |a: (Double, Double), b: (Double, Double)| (odd.select(a.0, b.0), odd.select(a.1, b.1));
            let q = divide(pick(t, s), pick(s, t));
            odd.select(q.neg(), q)
        }),
    )
}

/// (atan(u) / u − 1) / u² in u², for |u| ≤ tan(π/8).
const ATAN: [f64; 12] = [
    0.01627999005782057,
    -0.03456535729190067,
    0.045513908032899016,
    -0.052304098866177415,
    0.05878922970309668,
    -0.06666424361404927,
    0.07692296345833015,
    -0.0909090875249078,
    0.11111111105135144,
    -0.1428571428565962,
    0.19999999999999804,
    -0.3333333333333333,
];

/// The angle of the point (x, y), in (−π, π].
#[inline(always)]
pub fn atan2<V: Vector>(y: V, x: V) -> V {
    in_double(y, x, |y, x| {
        let zero = c::<Double>(0.0);
        let (a, b) = (x.abs(), y.abs());
        let steep = b.gt(a);
        let t = a.min(b).div(a.max(b));
        let t = a.eq(b).select(a.eq(zero).select(zero, c(1.0)), t);
        // Above tan(π/8), turn by π/4.
        let turned = t.gt(c(0.4142135623730951));
        let u = turned.select(t.sub(c(1.0)).div(t.add(c(1.0))), t);
        let z = u.mul(u);
        let r = u.add(u.mul(z).mul(horner(z, &ATAN)));
        let r = turned.select(r.add(c(3.061616997868383e-17)).add(c(core::f64::consts::FRAC_PI_4)), r);
        let r = steep.select(c::<Double>(core::f64::consts::FRAC_PI_2).sub(r.sub(c(6.123233995736766e-17))), r);
        let left = c::<Double>(-0.0).and(x).int_shr(63).ne(zero);
        let r = left.select(c::<Double>(core::f64::consts::PI).sub(r.sub(c(1.2246467991473532e-16))), r);
        let r = a.ne(a).or(b.ne(b)).select(a.add(b), r);
        with_sign(r, y)
    })
}

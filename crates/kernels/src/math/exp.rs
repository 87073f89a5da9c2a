//! exp and what is made of it.

use super::{by_type, c, horner, is_single, log1p, mantissa_bits, pow2, Vector};

/// ln 2 in two parts; the first has so few bits that n times it is exact.
#[inline(always)]
pub(super) fn ln2<V: Vector>() -> (V, V) {
    let (hi, lo) = by_type::<V, (f64, f64)>(
        (0.693145751953125, 1.4286068203094173e-06),
        (0.6931471805592082, 7.371002565167799e-13),
    );
    (c(hi), c(lo))
}

/// (e^r − 1 − r) / r² for |r| ≤ ln(2) / 2.
#[inline(always)]
pub(super) fn tail<V: Vector>(r: V) -> V {
    const SINGLE: [f64; 5] = [
        0.001395054133186674,
        0.00836891785531207,
        0.041666205050786595,
        0.16666518602750258,
        0.5000000095417827,
    ];
    const DOUBLE: [f64; 11] = [
        2.091483135138041e-09,
        2.5105419192016337e-08,
        2.7557273295539724e-07,
        2.75572549134867e-06,
        2.4801587325822283e-05,
        0.00019841269875205077,
        0.001388888888888367,
        0.008333333333326025,
        0.04166666666666667,
        0.1666666666666667,
        0.5,
    ];
    horner(r, by_type::<V, &[f64]>(&SINGLE, &DOUBLE))
}

/// The nearest whole number, ready for [`scale`], and as a float. |x| is below 2^21 (2^50).
#[inline(always)]
fn whole<V: Vector>(x: V, factor: f64) -> (V, V) {
    // Adding 1.5 · 2^23 (2^52) pushes the fraction out and leaves the whole part in the low bits.
    let shifter = c::<V>(by_type::<V, f64>(12582912.0, 6755399441055744.0));
    let low = x.madd(c(factor), shifter);
    (low, low.sub(shifter))
}

/// x · 2^n where both x and the result are normal numbers; n as [`whole`] gives it.
#[inline(always)]
fn scale<V: Vector>(x: V, n: V) -> V {
    x.int_add(n.int_shl(mantissa_bits::<V>()))
}

/// r = x + y − n ln 2 for an y far smaller than x.
#[inline(always)]
fn remainder<V: Vector>(x: V, y: Option<V>, n: V) -> V {
    let (hi, lo) = ln2::<V>();
    let r = x.sub(n.mul(hi));
    match y {
        None => r.sub(n.mul(lo)),
        Some(y) => r.add(y.sub(n.mul(lo))),
    }
}

/// e^r − 1 for |r| ≤ ln(2) / 2.
#[inline(always)]
fn exp_part_less_1<V: Vector>(r: V) -> V {
    r.mul(r).madd(tail(r), r)
}

/// Its sign bit is set where [`exp_near`] does not hold: |x| above the largest for which e^x and e^−x are normal numbers, and NaN.
#[inline(always)]
pub fn exp_is_far<V: Vector>(x: V) -> V {
    c::<V>(by_type::<V, f64>(87.0, 708.0)).int_sub(x.abs_bits())
}

/// e^x in half the time of [`exp`], and to the same bit, where [`exp_is_far`] does not apply.
#[inline(always)]
pub fn exp_near<V: Vector>(x: V) -> V {
    let (low, n) = whole(x, core::f64::consts::LOG2_E);
    scale(exp_part_less_1(remainder(x, None, n)).add(c(1.0)), low)
}

/// [`exp_near`] of float32 to 1e-7 of its value, by a shorter polynomial.
#[inline(always)]
pub(super) fn exp_near_short<V: Vector>(x: V) -> V {
    const SINGLE: [f64; 4] = [0.008374681660653022, 0.04189850867354844, 0.16666456827960313, 0.49999145298694836];
    if V::LANES != 4 {
        return exp_near(x);
    }
    let (low, n) = whole(x, core::f64::consts::LOG2_E);
    let r = remainder(x, None, n);
    scale(r.mul(r).madd(horner(r, &SINGLE), r).add(c(1.0)), low)
}

/// e^x for x ≤ 0, floats to 2.3 ulp; 0 where that is below the normal numbers, NaN for NaN.
#[inline(always)]
pub fn exp_falling<V: Vector>(x: V) -> V {
    /// e^r.
    const SINGLE: [f64; 6] = [
        0.008290272224547634,
        0.041898160465720743,
        0.16667638131322207,
        0.4999914783489338,
        0.9999997063107013,
        1.0,
    ];
    // There n is below the exponents of normal numbers by one, and the power of two 0.
    let x = x.at_least(c(by_type::<V, f64>(-88.1, -709.1)));
    // As [`whole`], and with the exponent's bias: what is shifted is the power of two itself.
    let shifter = c::<V>(by_type::<V, f64>(12582912.0 + 127.0, 6755399441055744.0 + 1023.0));
    let low = x.madd(c(core::f64::consts::LOG2_E), shifter);
    let r = remainder(x, None, low.sub(shifter));
    let p = if is_single::<V>() {
        // The first steps of Horner's rule in pairs, which do not wait for each other; the last ones decide the accuracy.
        let pair = |i: usize| r.madd(c(SINGLE[i]), c(SINGLE[i + 1]));
        let q = pair(0).madd(r.mul(r), pair(2));
        q.madd(r, c(SINGLE[4])).madd(r, c(SINGLE[5]))
    } else {
        exp_part_less_1(r).add(c(1.0))
    };
    // A factor and not `scale`, which could make a number of a NaN.
    p.mul(low.int_shl(mantissa_bits::<V>()))
}

/// e^x.
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    exp_anywhere(x, None)
}

/// e^(x + y) for a y far smaller than x.
#[inline(always)]
pub(super) fn exp_sum<V: Vector>(x: V, y: V) -> V {
    exp_anywhere(x, Some(y))
}

#[inline(always)]
fn exp_anywhere<V: Vector>(x: V, y: Option<V>) -> V {
    // Past these bounds the result is 0 or Inf; within them the power of two fits two factors.
    let (low, high) = by_type::<V, (f64, f64)>((-105.0, 90.0), (-750.0, 712.0));
    let x = x.at_least(c(low)).at_most(c(high));
    let (_, n) = whole(x, core::f64::consts::LOG2_E);
    let p = exp_part_less_1(remainder(x, y, n)).add(c(1.0));
    // Two factors: 2^n alone may overflow or be subnormal where the product is neither.
    let half = n.mul(c(0.5)).floor();
    p.mul(pow2(half)).mul(pow2(n.sub(half)))
}

/// e^x − 1, exact in the limit of small x.
#[inline(always)]
pub fn expm1<V: Vector>(x: V) -> V {
    let (low, high) = by_type::<V, (f64, f64)>((-20.0, 89.0), (-40.0, 710.0));
    let t = x.at_least(c(low)).at_most(c(high));
    let (low, n) = whole(t, core::f64::consts::LOG2_E);
    let p = exact_part_less_1(t, n);
    // 2^n (p + 1) − 1; at half the size, so that 2^n does not overflow at the largest n, 128 (1024).
    let half = scale(c::<V>(0.5), low);
    let y = half.mul(p).add(half.sub(c(0.5))).mul(c(2.0));
    // Keeps −0, and subnormals which halving would round.
    x.abs().lt(c(by_type::<V, f64>(1e-10, 1e-20))).select(x, y)
}

/// e^r − 1 for r = x − n ln 2, with what the subtraction loses.
#[inline(always)]
fn exact_part_less_1<V: Vector>(x: V, n: V) -> V {
    let (hi, lo) = ln2::<V>();
    let (r0, w) = (x.sub(n.mul(hi)), n.mul(lo));
    let r = r0.sub(w);
    let lost = r0.sub(r).sub(w);
    r.add(r.mul(r).madd(tail(r), lost))
}

/// 1 + e^x, rounded once, where [`exp_is_far`] does not apply.
#[inline(always)]
pub fn one_plus_exp_near<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    let (low, n) = whole(x, core::f64::consts::LOG2_E);
    let (power, p) = (scale(one, low), exp_part_less_1(remainder(x, None, n)));
    power.madd(p, one).add(power)
}

/// 1 / (1 + e^−x), with full relative accuracy on the far negative side too.
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    let e = exp(x.abs().neg());
    let far = x.lt(c(0.0)).select(e, one).div(e.add(one));
    exp_is_far(x).sign_mask().select(far, sigmoid_near(x))
}

/// [`sigmoid`], to the same bit, where [`exp_is_far`] does not apply.
#[inline(always)]
pub fn sigmoid_near<V: Vector>(x: V) -> V {
    c::<V>(1.0).div(one_plus_exp_near(x.neg()))
}

/// log(1 + e^x) without overflow.
#[inline(always)]
pub fn softplus<V: Vector>(x: V) -> V {
    let far = x.max(c(0.0)).add(exp(x.abs().neg()));
    exp_is_far(x).sign_mask().select(far, softplus_near(x))
}

/// [`softplus`], to the same bit, where [`exp_is_far`] does not apply.
#[inline(always)]
pub fn softplus_near<V: Vector>(x: V) -> V {
    /// (atanh(s) / s − 1) / s² in s², for |s| ≤ 1/3.
    const SINGLE: [f64; 4] = [0.14012570174921485, 0.13999506691513466, 0.20010853069743847, 0.333332065120178];
    let e = exp_near(x.abs().neg());
    let log = if V::LANES == 4 {
        // log(1 + e) = 2 atanh(s) = e − e²/2 + s (e²/2 + 2 atanh(s) / s − 2), s = e / (2 + e), as in [`log`].
        let s = e.div(e.add(c(2.0)));
        let (z, half) = (s.mul(s), e.mul(e).mul(c(0.5)));
        let rest = z.add(z).madd(horner(z, &SINGLE), half);
        e.sub(half.sub(s.mul(rest)))
    } else {
        log1p(e)
    };
    x.at_least(c(0.0)).add(log)
}

/// tanh x.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    // Beyond the bound it rounds to 1.
    let a = x.abs().at_most(c(by_type::<V, f64>(9.25, 19.5)));
    let (low, n) = whole(a, 2.0 * core::f64::consts::LOG2_E);
    let p = exact_part_less_1(a.add(a), n);
    // h = (e^2a − 1) / 2, tanh a = q = h / (1 + h); what the sum loses counts for 1 / (1 + h) = 1 − q.
    let half = scale(c::<V>(0.5), low);
    let h = half.mul(p).add(half.sub(c(0.5)));
    let d = h.add(one);
    let q = h.div(d);
    let lost = one.sub(d).add(h);
    // Near 1 the last digits of 1 − q are not those of 1 / (1 + h): the result must not pass 1.
    let y = q.sub(q.mul(one.sub(q)).mul(lost)).at_most(one);
    y.or(x.and(c(-0.0)))
}

/// `y`, or x itself where x is so small that f(x) = x; keeps −0.
#[inline(always)]
pub(super) fn with_near_zero<V: Vector>(x: V, y: V) -> V {
    x.abs().lt(c(by_type::<V, f64>(1e-5, 1e-9))).select(x, y)
}

//! exp and what is made of it.

use super::{by_type, c, horner, log1p, pow2, with_sign, Vector};

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
    const SINGLE: [f64; 6] = [
        0.00019891180158282143,
        0.001393382048977602,
        0.008333310754576892,
        0.041666463386339524,
        0.16666666681794626,
        0.5,
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

/// e^x.
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    exp_sum(x, c(0.0))
}

/// e^(x + y) for a y far smaller than x.
#[inline(always)]
pub(super) fn exp_sum<V: Vector>(x: V, y: V) -> V {
    // Past these bounds the result is 0 or Inf; within them the power of two fits two factors.
    let (low, high) = by_type::<V, (f64, f64)>((-105.0, 90.0), (-750.0, 712.0));
    let x = x.max(c(low)).min(c(high));
    let n = x.mul(c(core::f64::consts::LOG2_E)).nearest();
    let (hi, lo) = ln2::<V>();
    let r = x.sub(n.mul(hi)).add(y.sub(n.mul(lo)));
    let p = r.add(r.mul(r).mul(tail(r))).add(c(1.0));
    // Two factors: 2^n alone may overflow or be subnormal where the product is neither.
    let half = n.mul(c(0.5)).floor();
    p.mul(pow2(half)).mul(pow2(n.sub(half)))
}

/// e^x − 1, exact in the limit of small x.
#[inline(always)]
pub fn expm1<V: Vector>(x: V) -> V {
    let (low, high) = by_type::<V, (f64, f64)>((-20.0, 89.0), (-40.0, 710.0));
    let t = x.max(c(low)).min(c(high));
    let n = t.mul(c(core::f64::consts::LOG2_E)).nearest();
    let (hi, lo) = ln2::<V>();
    let (r0, w) = (t.sub(n.mul(hi)), n.mul(lo));
    let r = r0.sub(w);
    let lost = r0.sub(r).sub(w);
    let p = r.add(r.mul(r).mul(tail(r)).add(lost));
    // 2^n (p + 1) − 1; at half the size, so that 2^n does not overflow at the largest n, 128 (1024).
    let half = pow2(n.sub(c(1.0)));
    let y = half.mul(p).add(half.sub(c(0.5))).mul(c(2.0));
    // Keeps −0, and subnormals which halving would round.
    x.abs().lt(c(by_type::<V, f64>(1e-10, 1e-20))).select(x, y)
}

/// 1 / (1 + e^−x), with full relative accuracy on the far negative side too.
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    let e = exp(x.abs().neg());
    let d = e.add(one);
    let q = x.lt(c(0.0)).select(e, one).div(d);
    // What the sum lost, over d: roughly 1 / d = 1 − e/2 will do.
    let lost = one.sub(d).add(e).mul(one.sub(e.mul(c(0.5))));
    q.sub(q.mul(lost))
}

/// log(1 + e^x) without overflow.
#[inline(always)]
pub fn softplus<V: Vector>(x: V) -> V {
    x.max(c(0.0)).add(log1p(exp(x.abs().neg())))
}

/// tanh x.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    const SINGLE: [f64; 6] = [
        0.0022896261863116227,
        -0.008341188925429174,
        0.021768075495855292,
        -0.0539591558022319,
        0.13333303117990952,
        -0.3333333316924158,
    ];
    const DOUBLE: [f64; 13] = [
        -2.4316497630014687e-06,
        1.2193738987130529e-05,
        -3.706514378846229e-05,
        9.603210574278365e-05,
        -0.00023888623778637894,
        0.000589981060857246,
        -0.001455828281626584,
        0.0035921274954513784,
        -0.008863235499013071,
        0.0218694885351031,
        -0.05396825396823531,
        0.1333333333333332,
        -0.3333333333333333,
    ];
    let a = x.abs();
    let z = x.mul(x);
    // Near 0 the quotient below would cancel.
    let near = x.add(x.mul(z).mul(horner(z, by_type::<V, &[f64]>(&SINGLE, &DOUBLE))));
    let one = c::<V>(1.0);
    let far = one.sub(c::<V>(2.0).div(exp(a.add(a)).add(one)));
    a.lt(c(0.625)).select(with_near_zero(x, near), with_sign(far, x))
}

/// `y`, or x itself where x is so small that f(x) = x; keeps −0.
#[inline(always)]
pub(super) fn with_near_zero<V: Vector>(x: V, y: V) -> V {
    x.abs().lt(c(by_type::<V, f64>(1e-5, 1e-9))).select(x, y)
}

//! Logarithms, after fdlibm: x = 2^k m with m in [√½, √2), f = m − 1, s = f / (2 + f), log m = f − f²/2 + s (f²/2 + R(s²)).

use super::exp::ln2;
use super::{by_type, c, horner, mantissa_bits, Real, Vector};

/// R(s²) for the m above.
#[inline(always)]
fn series<V: Vector>(z: V) -> V {
    const SINGLE: [f64; 4] = [0.2333096405177204, 0.2855080255327671, 0.4000012200081688, 0.6666666655430018];
    const DOUBLE: [f64; 7] = [
        0.1461703754879165,
        0.1533167403016786,
        0.18182890556695602,
        0.2222221111514416,
        0.2857142862609589,
        0.3999999999989924,
        0.666666666666667,
    ];
    z.mul(horner(z, by_type::<V, &[f64]>(&SINGLE, &DOUBLE)))
}

/// (k, m) with x = 2^k m and m in [√½, √2), for positive finite x.
#[inline(always)]
pub(super) fn split<V: Vector>(x: V) -> (V, V) {
    let (least, scale, up) = by_type::<V, (f64, f64, f64)>(
        (1.1754943508222875e-38, 33554432.0, 25.0),
        (2.2250738585072014e-308, 18014398509481984.0, 54.0),
    );
    let subnormal = x.lt(c(least));
    let (k, m) = split_normal(subnormal.select(x.mul(c(scale)), x));
    (subnormal.select(k.sub(c(up)), k), m)
}

/// The same for positive normal x.
#[inline(always)]
fn split_normal<V: Vector>(x: V) -> (V, V) {
    let (bias, shift) = by_type::<V, (f64, f64)>((127.0, 8388608.0), (1023.0, 4503599627370496.0));
    let one = c::<V>(1.0);
    let exponent = x
        .int_add(one)
        .int_sub(c(core::f64::consts::FRAC_1_SQRT_2))
        .int_shr(mantissa_bits::<V>());
    // An integer below 2^23 (2^52), put under the exponent of 2^23 (2^52), reads as that power plus the integer.
    let k = exponent.or(c(shift)).sub(c(shift + bias));
    let m = x.int_sub(exponent.int_shl(mantissa_bits::<V>())).int_add(one);
    (k, m)
}

/// `y` with what log gives at 0, Inf, NaN and below 0; `x` is log's argument.
#[inline(always)]
fn with_specials<V: Vector>(x: V, y: V) -> V {
    let inf = V::splat(V::E::INFINITY);
    let y = x.eq(c(0.0)).select(inf.neg(), y);
    let y = x.eq(inf).select(inf, y);
    x.ge(c(0.0)).select(y, V::splat(V::E::NAN))
}

/// Natural logarithm.
#[inline(always)]
pub fn log<V: Vector>(x: V) -> V {
    let (k, m) = split(x);
    with_specials(x, combine(k, m, c(0.0)))
}

/// Natural logarithm of a positive normal number.
#[inline(always)]
pub fn log_of_normal<V: Vector>(x: V) -> V {
    let (k, m) = split_normal(x);
    combine(k, m, c(0.0))
}

/// k ln 2 + log m + extra, smallest parts first.
#[inline(always)]
fn combine<V: Vector>(k: V, m: V, extra: V) -> V {
    let (hi, lo) = ln2::<V>();
    let f = m.sub(c(1.0));
    let s = f.div(f.add(c(2.0)));
    let half = f.mul(f).mul(c(0.5));
    let small = s.mul(half.add(series(s.mul(s)))).add(k.mul(lo).add(extra));
    k.mul(hi).sub(half.sub(small).sub(f))
}

/// log(1 + x), exact in the limit of small x.
#[inline(always)]
pub fn log1p<V: Vector>(x: V) -> V {
    let one = c::<V>(1.0);
    let u = x.add(one);
    let (k, m) = split(u);
    // What the sum 1 + x lost.
    let b = u.sub(one);
    let lost = one.sub(u.sub(b)).add(x.sub(b));
    let y = with_specials(u, combine(k, m, lost.div(u)));
    x.abs().lt(c(by_type::<V, f64>(1e-9, 1e-17))).select(x, y)
}

/// log m · (1 / ln base) + k · log_base(2), each factor in two parts so that the products of the first parts are exact.
#[inline(always)]
fn log_base<V: Vector>(x: V, factor: (f64, f64), log2: (f64, f64)) -> V {
    let (k, m) = split(x);
    let f = m.sub(c(1.0));
    let s = f.div(f.add(c(2.0)));
    let half = f.mul(f).mul(c(0.5));
    let low_bits = by_type::<V, u32>(12, 32);
    let hi = f.sub(half).int_shr(low_bits).int_shl(low_bits);
    let lo = f.sub(hi).sub(half).add(s.mul(half.add(series(s.mul(s)))));
    let (first, second) = (hi.mul(c(factor.0)), lo.add(hi).mul(c(factor.1)).add(lo.mul(c(factor.0))));
    let whole = k.mul(c(log2.0));
    let sum = whole.add(first);
    let rest = second.add(k.mul(c(log2.1))).add(whole.sub(sum).add(first));
    with_specials(x, sum.add(rest))
}

/// Base-2 logarithm; exact at powers of two.
#[inline(always)]
pub fn log2<V: Vector>(x: V) -> V {
    log_base(
        x,
        by_type::<V, (f64, f64)>((1.4423828125, 0.00031222838896340733), (1.4426946640014648, 3.768874985636099e-07)),
        (1.0, 0.0),
    )
}

/// Base-10 logarithm.
#[inline(always)]
pub fn log10<V: Vector>(x: V) -> V {
    log_base(
        x,
        by_type::<V, (f64, f64)>(
            (0.4342041015625, 9.038034075182765e-05),
            (0.4342944622039795, 1.9699272335463627e-08),
        ),
        by_type::<V, (f64, f64)>(
            (0.301025390625, 4.605038981195214e-06),
            (0.30102999566361177, 3.694239077158931e-13),
        ),
    )
}

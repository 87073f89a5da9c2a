//! Sums and products of two doubles with their rounding errors: numbers of about 106 bits, as (high, low).

use super::{c, Double, Vector};

/// a + b and what rounding lost.
#[inline(always)]
pub fn two_sum(a: Double, b: Double) -> (Double, Double) {
    let s = a.add(b);
    let t = s.sub(a);
    (s, a.sub(s.sub(t)).add(b.sub(t)))
}

/// a + b and what rounding lost, for |a| ≥ |b|.
#[inline(always)]
pub fn fast_two_sum(a: Double, b: Double) -> (Double, Double) {
    let s = a.add(b);
    (s, b.sub(s.sub(a)))
}

/// a · b and what rounding lost. It must not use `madd`, which may or may not be fused.
#[inline(always)]
pub fn two_product(a: Double, b: Double) -> (Double, Double) {
    let p = a.mul(b);
    let head = |x: Double| x.int_shr(27).int_shl(27);
    let (ah, bh) = (head(a), head(b));
    let (al, bl) = (a.sub(ah), b.sub(bh));
    (p, ah.mul(bh).sub(p).add(ah.mul(bl)).add(al.mul(bh)).add(al.mul(bl)))
}

/// (a + a_low) / (b + b_low), rounded to one double.
#[inline(always)]
pub fn divide(a: (Double, Double), b: (Double, Double)) -> Double {
    let q = a.0.div(b.0);
    let (p, e) = two_product(q, b.0);
    let rest = a.0.sub(p).sub(e).add(a.1).sub(q.mul(b.1));
    let sum = q.add(rest.div(b.0));
    // Where q is 0 or Inf the correction is NaN.
    sum.eq(sum).and(q.abs().gt(c(0.0))).select(sum, q)
}

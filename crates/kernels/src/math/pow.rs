//! x^y, and the functions made of the exact remainder.

use super::exp::{exp, exp_sum, ln2};
use super::log::{log, split};
use super::twofold::{fast_two_sum, two_product, two_sum};
use super::{c, horner, in_double, Double, Real, Vector};

/// log x to about 64 bits, for positive finite x.
#[inline(always)]
fn log_twofold(x: Double) -> (Double, Double) {
    /// (2 atanh(s) − 2s − 2s³/3) / s⁵ in s².
    const SERIES: [f64; 8] = [
        0.11723603622905411,
        0.11706195689881364,
        0.13334806212100603,
        0.15384594934597917,
        0.1818181833565416,
        0.22222222221654733,
        0.2857142857142937,
        0.4,
    ];
    const TWO_THIRDS: (f64, f64) = (0.6666666666666666, 3.700743415417188e-17);
    let (k, m) = split(x);
    let one = c::<Double>(1.0);
    // s = (m − 1) / (m + 1), log m = 2 atanh(s).
    let (f, d) = (m.sub(one), m.add(one));
    let d_low = m.sub(d.sub(one));
    let s = f.div(d);
    let (p, e) = two_product(s, d);
    let s_low = f.sub(p).sub(e).sub(s.mul(d_low)).div(d);
    let (z, z_low) = two_product(s, s);
    let (cube, cube_low) = two_product(z, s);
    let z_low = z_low.add(s.add(s).mul(s_low));
    let cube_low = cube_low.add(z.mul(s_low)).add(z_low.mul(s));
    let (t, t_low) = two_product(cube, c(TWO_THIRDS.0));
    let t_low = t_low.add(cube.mul(c(TWO_THIRDS.1))).add(cube_low.mul(c(TWO_THIRDS.0)));
    let rest = cube.mul(z).mul(horner(z, &SERIES));
    let (hi, lo) = ln2::<Double>();
    let (a, a_low) = two_sum(k.mul(hi), s.add(s));
    let (b, b_low) = two_sum(a, t);
    let low = rest.add(t_low).add(s_low.add(s_low)).add(k.mul(lo)).add(b_low).add(a_low);
    fast_two_sum(b, low)
}

/// x^y for positive finite x.
#[inline(always)]
fn pow_positive(x: Double, y: Double) -> Double {
    let (l, l_low) = log_twofold(x);
    // A larger y gives 0, 1 or Inf all the same, but its product could overflow.
    let y = y.max(c(-1e20)).min(c(1e20));
    let (p, e) = two_product(y, l);
    let e = e.add(y.mul(l_low));
    let e = p.abs().lt(c(1000.0)).select(e, c(0.0));
    exp_sum(p, e)
}

/// x^y as in C: 1 for y = 0 or x = 1 whatever the other is; NaN for x < 0 unless y is whole.
#[inline(always)]
pub fn pow<V: Vector>(x: V, y: V) -> V {
    let (zero, one) = (c::<V>(0.0), c::<V>(1.0));
    let inf = V::splat(V::E::INFINITY);
    let a = x.abs();
    let r = if V::LANES == 4 {
        in_double(a, y, |a, y| exp(y.mul(log(a))))
    } else {
        in_double(a, y, pow_positive)
    };
    // Where x or y is 0 or infinite the result is 0 or Inf; the sign of y · log |x| says which.
    let extreme = a.eq(zero).or(a.eq(inf)).or(y.abs().eq(inf));
    let grows = a.gt(one).and(y.gt(zero)).or(a.lt(one).and(y.lt(zero)));
    let r = extreme.select(grows.select(inf, zero), r);
    let half = y.mul(c(0.5));
    let whole = y.trunc().eq(y);
    let odd = whole.and(half.trunc().ne(half));
    let negative = x.lt(zero).and(x.ne(inf.neg()));
    let r = negative.select(whole.select(r, V::splat(V::E::NAN)), r);
    // The sign bit of x, −0 included, survives an odd power.
    let r = r.or(odd.and(x).and(c(-0.0)));
    let r = x.ne(x).or(y.ne(y)).select(x.add(y), r);
    y.eq(zero).or(x.eq(one)).or(a.eq(one).and(y.abs().eq(inf))).select(one, r)
}

/// Applies a function of two doubles to each lane.
#[inline(always)]
fn by_lane<V: Vector>(x: V, y: V, f: impl Fn(f64, f64) -> f64) -> V {
    let (mut a, mut b) = ([V::E::ZERO; 4], [V::E::ZERO; 4]);
    unsafe {
        x.store(a.as_mut_ptr());
        y.store(b.as_mut_ptr());
        let mut i = 0;
        while i < V::LANES {
            let p = a.as_mut_ptr().add(i);
            *p = V::E::from_f64(f((*p).to_f64(), (*b.as_ptr().add(i)).to_f64()));
            i += 1;
        }
        V::load(a.as_ptr())
    }
}

/// The remainder of x / y with the sign of x; exact.
#[inline(always)]
pub fn fmod<V: Vector>(x: V, y: V) -> V {
    by_lane(x, y, |x, y| x % y)
}

/// The remainder of x / y with the sign of y, as Python's %.
#[inline(always)]
pub fn remainder<V: Vector>(x: V, y: V) -> V {
    let r = fmod(x, y);
    let zero = c::<V>(0.0);
    let differs = y.lt(zero).xor(r.lt(zero)).and(r.ne(zero));
    differs.select(r.add(y), r)
}

/// ⌊x / y⌋ of the true quotient, as Python's //.
#[inline(always)]
pub fn floor_div<V: Vector>(x: V, y: V) -> V {
    let (zero, quotient) = (c::<V>(0.0), x.div(y));
    let r = fmod(x, y);
    let differs = y.lt(zero).xor(r.lt(zero)).and(r.ne(zero));
    let exact = x.sub(r).div(y);
    let exact = differs.select(exact.sub(c(1.0)), exact);
    // The division above may miss the whole number by an ulp.
    let floor = exact.floor();
    let floor = exact.sub(floor).gt(c(0.5)).select(floor.add(c(1.0)), floor);
    let floor = exact.eq(zero).select(c::<V>(-0.0).select(quotient, zero), floor);
    y.eq(zero).select(quotient, floor)
}

//! x = n π/2 + y with |y| ≤ π/4, y as a twofold number: also for huge x, and for x next to a multiple of π/2.

use super::twofold::two_sum;
use super::{c, Double, Vector};

/// π/2 in parts of 33 bits: n times each is exact for |n| ≤ 2^20.
const PARTS: [f64; 4] = [
    1.5707963267341256,
    6.077100506303966e-11,
    2.0222662487111665e-21,
    8.4784276603689e-32,
];

/// Beyond this the parts above are too few.
const LIMIT: f64 = 1.0e6;

/// (n mod 4, y, what y lost).
#[inline(always)]
pub fn rem_pio2(x: Double) -> (Double, Double, Double) {
    let n = x.mul(c(core::f64::consts::FRAC_2_PI)).nearest();
    let r = x.sub(n.mul(c(PARTS[0])));
    let (r, e1) = two_sum(r, n.mul(c(PARTS[1])).neg());
    let (r, e2) = two_sum(r, n.mul(c(PARTS[2])).neg());
    let low = e1.add(e2).sub(n.mul(c(PARTS[3])));
    let (y, y_low) = two_sum(r, low);
    let quadrant = n.sub(n.mul(c(0.25)).floor().mul(c(4.0)));
    let (a, b) = (x.lane(0), x.lane(1));
    if a.abs() > LIMIT || b.abs() > LIMIT {
        return with_huge(x, quadrant, y, y_low);
    }
    (quadrant, y, y_low)
}

#[cold]
#[inline(never)]
fn with_huge(x: Double, n: Double, y: Double, low: Double) -> (Double, Double, Double) {
    let mut parts = [[0.0; 2]; 3];
    for i in 0..2 {
        let lane = x.lane(i);
        let (n, y, low) = if lane.abs() > LIMIT {
            reduce_huge(lane)
        } else {
            (n.lane(i), y.lane(i), low.lane(i))
        };
        (parts[0][i], parts[1][i], parts[2][i]) = (n, y, low);
    }
    let load = |p: &[f64; 2]| unsafe { Double::load(p.as_ptr()) };
    (load(&parts[0]), load(&parts[1]), load(&parts[2]))
}

/// 2/π after 64 zero bits, the first bit below the point at the top of word 1.
const TWO_OVER_PI: [u64; 21] = [
    0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
];

/// 64 bits of the table from bit `at` on.
#[inline(always)]
fn bits_at(at: u32) -> u64 {
    let (word, shift) = ((at / 64) as usize, at % 64);
    unsafe {
        let p = TWO_OVER_PI.as_ptr().add(word);
        // Two shifts: one by 64 would be no shift at all.
        (*p << shift) | ((*p.add(1) >> 1) >> (63 - shift))
    }
}

/// Payne and Hanek: of x · 2/π only the bits around the point matter, so only those of 2/π that reach them are multiplied.
fn reduce_huge(x: f64) -> (f64, f64, f64) {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1075;
    if exponent > 971 {
        return (0.0, f64::NAN, 0.0);
    }
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    // Bits before `start` times the mantissa are multiples of 4.
    let start = (exponent - 2 + 64) as u32;
    let product = |at: u32| mantissa as u128 * bits_at(at) as u128;
    let (mid, low) = (product(start + 64), product(start + 128));
    let lower = mid.wrapping_add(low >> 64);
    let top = mantissa.wrapping_mul(bits_at(start)).wrapping_add((lower >> 64) as u64);
    // `top` and `lower` are the quadrant (2 bits) and then the fraction (126 bits and a bit of noise at their end).
    let fixed = ((top as u128) << 64) | (lower as u64) as u128;
    let fraction = (fixed << 2) as i128;
    let quadrant = (fixed >> 126) as i32 + (fraction < 0) as i32;
    let magnitude = fraction.unsigned_abs();
    let zeros = magnitude.leading_zeros().min(127);
    let digits = magnitude << zeros;
    let unit = f64::from_bits((1023 - zeros as u64) << 52);
    let hi = (digits >> 75) as u64 as f64 * (unit / 9007199254740992.0);
    let lo = ((digits << 53) >> 64) as u64 as f64 * (unit / 9007199254740992.0 / 18446744073709551616.0);
    // (hi + lo) · π/2.
    const HALF_PI: (f64, f64) = (core::f64::consts::FRAC_PI_2, 6.123233995736766e-17);
    let splat = <Double as Vector>::splat;
    let (p, e) = super::twofold::two_product(splat(hi), splat(HALF_PI.0));
    let (y, low) = super::twofold::fast_two_sum(p, e.add(splat(hi * HALF_PI.1 + lo * HALF_PI.0)));
    let sign = if (x < 0.0) != (fraction < 0) { -1.0 } else { 1.0 };
    let n = if x < 0.0 { -quadrant } else { quadrant };
    ((n & 3) as f64, sign * y.first(), sign * low.first())
}

//! Sine and cosine together of angles within one turn, in lanes of their own type: what random numbers need by the million.

use super::trig::{COS, SIN};
use super::{by_type, c, horner, Vector};

/// The sine and the cosine of x in [0, 2π], each off by at most its type's epsilon.
#[inline(always)]
pub fn sin_cos_turn<V: Vector>(x: V) -> (V, V) {
    const SIN_SINGLE: [f64; 3] = [-0.00019514957304634078, 0.008332158407253062, -0.16666654573097273];
    const COS_SINGLE: [f64; 3] = [2.4432784805865923e-05, -0.0013887313060235468, 0.0416666456187491];
    // Adding 1.5 · 2^23 (2^52) rounds to whole quarters, and leaves their number in the low bits.
    let shifter = c::<V>(by_type::<V, f64>(12582912.0, 6755399441055744.0));
    let quarters = x.madd(c(core::f64::consts::FRAC_2_PI), shifter);
    let n = quarters.sub(shifter);
    // π/2 in two parts; the first has so few bits that n times it is exact.
    let (hi, lo) = by_type::<V, (f64, f64)>(
        (1.570796012878418, 3.139164786504813e-07),
        (1.5707963267341256, 6.077100506506192e-11),
    );
    let r = x.sub(n.mul(c(hi))).sub(n.mul(c(lo)));
    let z = r.mul(r);
    let s = r.mul(z).madd(horner(z, by_type::<V, &[f64]>(&SIN_SINGLE, &SIN)), r);
    let k = z
        .mul(z)
        .madd(horner(z, by_type::<V, &[f64]>(&COS_SINGLE, &COS)), c::<V>(1.0).sub(z.mul(c(0.5))));
    // The last bit of n swaps the two; the one before turns the sine's sign, and their difference that of the cosine.
    let top = by_type::<V, u32>(31, 63);
    let (last, second, sign) = (quarters.int_shl(top), quarters.int_shl(top - 1), c::<V>(-0.0));
    let odd = last.or(c(1.0)).lt(c(0.0));
    (
        odd.select(k, s).xor(second.and(sign)),
        odd.select(s, k).xor(second.xor(last).and(sign)),
    )
}

#[cfg(test)]
mod tests {
    use super::sin_cos_turn;
    use crate::simd::{Real, Vector};

    #[test]
    fn a_turn_in_steps_and_around_its_quarters() {
        let (mut single, mut double) = (0.0f64, 0.0f64);
        for i in 0..=400_000 {
            let x = core::f64::consts::TAU * i as f64 / 400_000.0;
            for x in [x, x.next_up(), x.next_down().max(0.0)] {
                let near = x as f32;
                let (s, k) = sin_cos_turn(<f32 as Real>::V::splat(near));
                let (exact, cosine) = (near as f64).sin_cos();
                single = single.max((s.first() as f64 - exact).abs()).max((k.first() as f64 - cosine).abs());
                let (s, k) = sin_cos_turn(<f64 as Real>::V::splat(x));
                double = double.max((s.first() - x.sin()).abs()).max((k.first() - x.cos()).abs());
            }
        }
        assert!(single <= f32::EPSILON as f64, "{single}");
        assert!(double <= f64::EPSILON, "{double}");
    }
}

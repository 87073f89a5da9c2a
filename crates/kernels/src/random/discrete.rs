//! Coins, dropout masks, integers, permutations and categories.

use super::Generator;
use crate::simd::Real;

#[inline(always)]
unsafe fn fill<T>(out: *mut T, n: usize, mut draw: impl FnMut(usize) -> T) {
    let mut i = 0;
    while i < n {
        *out.add(i) = draw(i);
        i += 1;
    }
}

/// The bound of 53-bit words that `unit_f64() < p` means.
#[inline(always)]
fn bound(p: f64) -> i64 {
    let exact = p * (1u64 << 53) as f64;
    let floor = exact as i64;
    floor + ((floor as f64) < exact) as i64
}

/// `value` with probability `bound / 2⁵³`, else 0. Bits are masked because engines make a branch of a select, and a branch on a
/// fair coin is mispredicted half the time.
#[inline(always)]
unsafe fn coin<T: Real>(g: *mut Generator, bound: i64, value: T) -> T {
    use core::mem::{size_of, transmute_copy};
    let mask = ((*g).word53() as i64 - bound) >> 63;
    if size_of::<T>() == 4 {
        transmute_copy(&(transmute_copy::<T, i32>(&value) & mask as i32))
    } else {
        transmute_copy(&(transmute_copy::<T, i64>(&value) & mask))
    }
}

kernel! {
    /// 1 with probability p, else 0: a 53-bit uniform number is below p, whatever the type of the result.
    fn bernoulli<T>(out: *mut T, g: *mut Generator, n: usize, p: f64) {
        let bound = bound(p);
        fill(out, n, |_| coin(g, bound, T::ONE))
    }

    /// 1 with probability p[i], else 0; here the uniform number has the precision of `p`, so the draws differ from [`bernoulli`]'s.
    fn bernoulli_each<T>(out: *mut T, p: *const T, g: *mut Generator, n: usize) {
        fill(out, n, |i| if (*g).unit::<T>() < *p.add(i) { T::ONE } else { T::ZERO })
    }

    /// Dropout's factors: 1 / keep with probability keep (> 0), else 0.
    fn dropout_mask<T>(out: *mut T, g: *mut Generator, n: usize, keep: f64) {
        let (bound, scale) = (bound(keep), T::ONE / T::from_f64(keep));
        fill(out, n, |_| coin(g, bound, scale))
    }

    /// `draws` categories with replacement from the weights `w`, by bisection in their running sum, for which `cumulative` is scratch.
    fn multinomial<T>(out: *mut i32, w: *const T, cumulative: *mut T, g: *mut Generator, n: usize, draws: usize) {
        let mut sum = T::ZERO;
        fill(cumulative, n, |i| { sum = sum + *w.add(i); sum });
        fill(cumulative, n, |i| *cumulative.add(i) / sum);
        fill(out, draws, |_| {
            let u = (*g).unit_f64();
            let (mut low, mut high) = (0, n);
            while low < high {
                let middle = low + (high - low) / 2;
                if (*cumulative.add(middle)).to_f64() < u { low = middle + 1 } else { high = middle }
            }
            // Rounding may leave the last sum below u.
            if low < n { low as i32 } else { n as i32 - 1 }
        })
    }
}

/// [`bernoulli`] for bytes and booleans.
#[no_mangle]
pub unsafe extern "C" fn bernoulli_u8(out: *mut u8, g: *mut Generator, n: usize, p: f64) {
    let bound = bound(p);
    fill(out, n, |_| (((*g).word53() as i64 - bound) >> 63) as u8 & 1)
}

/// An integer in 0..=last: 64 random bits if `wide`, else 32, modulo last + 1.
#[inline(always)]
unsafe fn integer(g: *mut Generator, last: f64, wide: u32) -> i64 {
    if wide != 0 {
        (*g).u64().checked_rem(last as u64 + 1).unwrap_or(0) as i64
    } else {
        // last + 1 may be 2³².
        ((*g).u32() as u64).checked_rem(last as u64 + 1).unwrap_or(0) as i64
    }
}

macro_rules! integers {
    ($($name:ident: $t:ty),*) => {$(
        /// low + an integer in 0..=last. PyTorch draws 64 bits for a range of 2²⁸ or more in `randint`.
        #[no_mangle]
        pub unsafe extern "C" fn $name(out: *mut $t, g: *mut Generator, n: usize, low: f64, last: f64, wide: u32) {
            fill(out, n, |_| (low as i64).wrapping_add(integer(g, last, wide)) as $t)
        }
    )*};
}
integers!(integers_f32: f32, integers_f64: f64, integers_i32: i32, integers_u8: u8);

/// A random permutation of 0..n.
#[no_mangle]
pub unsafe extern "C" fn randperm(out: *mut i32, g: *mut Generator, n: usize) {
    fill(out, n, |i| i as i32);
    let mut i = 0;
    while i + 1 < n {
        let j = i + ((*g).u32() as usize).checked_rem(n - i).unwrap_or(0);
        let v = *out.add(i);
        *out.add(i) = *out.add(j);
        *out.add(j) = v;
        i += 1;
    }
}

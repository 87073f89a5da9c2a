//! PyTorch's CPU generator: MT19937 and the recipes that turn its words into numbers, draw for draw.
//!
//! Drawing is sequential by nature, so these kernels take a count, not a range. Each draw order below is PyTorch's
//! (ATen/core/DistributionsHelper.h and native/cpu/DistributionTemplates.h); the tests hold numbers that it printed.

mod discrete;
mod normal;

use crate::simd::Real;

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// The state of a generator. It lives at an address that TypeScript allocates, `generator_bytes()` long, and may be copied.
#[repr(C)]
pub struct Generator {
    /// The next word to hand out; [`WORDS`] when all are used up.
    next: u32,
    /// Whether `normal` holds the second number of a Box-Muller pair.
    has_normal: u32,
    normal: f64,
    words: [u32; WORDS],
}

impl Generator {
    #[inline(always)]
    unsafe fn word(&mut self, i: usize) -> *mut u32 {
        self.words.as_mut_ptr().add(i)
    }

    unsafe fn refill(&mut self) {
        let mut twist = |i: usize, i1: usize, im: usize| {
            let y = (*self.word(i) & 0x8000_0000) | (*self.word(i1) & 0x7fff_ffff);
            *self.word(i) = *self.word(im) ^ (y >> 1) ^ ((y & 1).wrapping_neg() & 0x9908_b0df);
        };
        let mut i = 0;
        while i < WORDS - SHIFT {
            twist(i, i + 1, i + SHIFT);
            i += 1;
        }
        while i < WORDS - 1 {
            twist(i, i + 1, i + SHIFT - WORDS);
            i += 1;
        }
        twist(WORDS - 1, 0, SHIFT - 1);
        self.next = 0;
    }

    #[inline(always)]
    unsafe fn u32(&mut self) -> u32 {
        if self.next as usize >= WORDS {
            self.refill();
        }
        let y = *self.word(self.next as usize);
        self.next += 1;
        tempered(y)
    }

    /// The first word drawn is the high one.
    #[inline(always)]
    unsafe fn u64(&mut self) -> u64 {
        let high = self.u32() as u64;
        (high << 32) | self.u32() as u64
    }

    /// Uniform in [0, 1) with 24 bits, from one word.
    #[inline(always)]
    unsafe fn unit_f32(&mut self) -> f32 {
        unit_of(self.u32())
    }

    #[inline(always)]
    unsafe fn word53(&mut self) -> u64 {
        self.u64() & ((1 << 53) - 1)
    }

    /// Uniform in [0, 1) with 53 bits, from two words.
    #[inline(always)]
    unsafe fn unit_f64(&mut self) -> f64 {
        // Signed: engines convert that without a branch.
        self.word53() as i64 as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [0, 1) with as many random bits as `T` holds.
    #[inline(always)]
    unsafe fn unit<T: Real>(&mut self) -> T {
        if core::mem::size_of::<T>() == 4 {
            T::from_f64(self.unit_f32() as f64)
        } else {
            T::from_f64(self.unit_f64())
        }
    }

    /// Fills `out` with n of them, in order.
    unsafe fn units<T: Real>(&mut self, out: *mut T, n: usize) {
        let mut i = 0;
        if core::mem::size_of::<T>() == 4 {
            let out: *mut f32 = out.cast();
            while i < n {
                if self.next as usize >= WORDS {
                    self.refill();
                }
                // A loop without a branch, of which the compiler makes vectors.
                let count = (n - i).min(WORDS - self.next as usize);
                let (words, to) = (self.word(self.next as usize), out.add(i));
                let mut j = 0;
                while j < count {
                    *to.add(j) = unit_of(tempered(*words.add(j)));
                    j += 1;
                }
                self.next += count as u32;
                i += count;
            }
            return;
        }
        while i < n {
            *out.add(i) = self.unit();
            i += 1;
        }
    }
}

/// A word of the state as it is handed out.
#[inline(always)]
fn tempered(mut y: u32) -> u32 {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c_5680;
    y ^= (y << 15) & 0xefc6_0000;
    y ^ (y >> 18)
}

#[inline(always)]
fn unit_of(word: u32) -> f32 {
    // Signed: vectors convert that at once.
    (word & 0xff_ffff) as i32 as f32 * (1.0 / (1u32 << 24) as f32)
}

/// Bytes of a generator's state; it wants 8-byte alignment.
#[no_mangle]
pub extern "C" fn generator_bytes() -> usize {
    core::mem::size_of::<Generator>()
}

/// Starts the sequence of `seed`, of which PyTorch too uses the low 32 bits only.
#[no_mangle]
pub unsafe extern "C" fn generator_seed(g: *mut Generator, seed: u32) {
    let g = &mut *g;
    *g.word(0) = seed;
    let (mut last, mut i) = (seed, 1);
    while i < WORDS {
        last = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        *g.word(i) = last;
        i += 1;
    }
    g.next = WORDS as u32;
    g.has_normal = 0;
    g.normal = 0.0;
}

/// n raw words: `(out[0] << 32) | out[1]` is the 64-bit draw that seeds PyTorch's samplers.
#[no_mangle]
pub unsafe extern "C" fn random_words(out: *mut u32, g: *mut Generator, n: usize) {
    let mut i = 0;
    while i < n {
        *out.add(i) = (*g).u32();
        i += 1;
    }
}

/// x · width + from with one rounding, as PyTorch's builds compute it. Through an exact product: no instruction to rely on.
#[inline(always)]
fn fused<T: Real>(x: T, width: T, from: T) -> T {
    let (x, width, from) = (x.to_f64(), width.to_f64(), from.to_f64());
    let product = x * width;
    if core::mem::size_of::<T>() == 4 {
        return T::from_f64(product + from); // 48 bits: exact so far
    }
    let split = |a: f64| {
        let t = a * 134_217_729.0; // 2^27 + 1 (Veltkamp)
        let high = t - (t - a);
        (high, a - high)
    };
    let ((xh, xl), (wh, wl)) = (split(x), split(width));
    let lost = xl * wl - (((product - xh * wh) - xl * wh) - xh * wl);
    let sum = product + from;
    let t = sum - product;
    let rest = (product - (sum - t)) + (from - t);
    T::from_f64(sum + (rest + lost))
}

kernel! {
    /// Uniform numbers in [from, to).
    fn uniform<T>(out: *mut T, g: *mut Generator, n: usize, from: f64, to: f64) {
        let from = T::from_f64(from);
        let width = T::from_f64(to) - from;
        (*g).units(out, n);
        let mut i = 0;
        while i < n {
            *out.add(i) = fused(*out.add(i), width, from);
            i += 1;
        }
    }
}

#[cfg(test)]
mod tests;

//! One 128-bit vector per float type, with WebAssembly's semantics. Natively (tests) it is an array.

use core::ops::{Add, Div, Mul, Neg, Sub};

/// Whether [`Vector::madd`] multiplies and adds in one instruction, where the processor has it.
pub const FUSED: bool = cfg!(target_feature = "relaxed-simd");

/// A float type that kernels are generic over.
pub trait Real:
    Copy
    + PartialOrd
    + PartialEq
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    type V: Vector<E = Self>;
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;
    const NEG_INFINITY: Self;
    const NAN: Self;
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    /// a * b + c, rounded as [`Vector::madd`] rounds it.
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        Self::V::splat(self).madd(Self::V::splat(b), Self::V::splat(c)).first()
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::V::splat(self).sqrt().first()
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self::V::splat(self).abs().first()
    }
    /// NaN if either is NaN; −0 < +0.
    #[inline(always)]
    fn vmin(self, b: Self) -> Self {
        Self::V::splat(self).min(Self::V::splat(b)).first()
    }
    /// NaN if either is NaN; −0 < +0.
    #[inline(always)]
    fn vmax(self, b: Self) -> Self {
        Self::V::splat(self).max(Self::V::splat(b)).first()
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        self != self
    }
}

/// 128 bits of lanes. Comparisons give all-ones or all-zero lanes, for [`Vector::select`].
pub trait Vector: Copy {
    type E: Real<V = Self>;
    const LANES: usize;
    unsafe fn load(p: *const Self::E) -> Self;
    unsafe fn store(self, p: *mut Self::E);
    fn splat(x: Self::E) -> Self;
    fn first(self) -> Self::E;
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn div(self, b: Self) -> Self;
    /// self * b + c: one rounding in the relaxed build, two elsewhere.
    fn madd(self, b: Self, c: Self) -> Self;
    /// NaN if either is NaN; −0 < +0.
    fn min(self, b: Self) -> Self;
    /// NaN if either is NaN; −0 < +0.
    fn max(self, b: Self) -> Self;
    /// `b` where it is smaller, else `self`, NaN included: one instruction, where [`Vector::min`] is many.
    fn at_most(self, b: Self) -> Self;
    /// `b` where it is larger, else `self`, NaN included.
    fn at_least(self, b: Self) -> Self;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn neg(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    /// Ties to even.
    fn nearest(self) -> Self;
    fn eq(self, b: Self) -> Self;
    fn ne(self, b: Self) -> Self;
    fn lt(self, b: Self) -> Self;
    fn le(self, b: Self) -> Self;
    fn gt(self, b: Self) -> Self;
    fn ge(self, b: Self) -> Self;
    fn and(self, b: Self) -> Self;
    fn or(self, b: Self) -> Self;
    fn xor(self, b: Self) -> Self;
    /// Bits of `a` where `self` is set, else bits of `b`.
    fn select(self, a: Self, b: Self) -> Self;
    /// Integer arithmetic on the bit patterns (i32 lanes for f32, i64 lanes for f64).
    fn int_add(self, b: Self) -> Self;
    fn int_sub(self, b: Self) -> Self;
    fn int_shl(self, n: u32) -> Self;
    /// Logical shift right.
    fn int_shr(self, n: u32) -> Self;
    /// Whether the sign bit of any lane is set: that of a comparison, or of a difference.
    fn any(self) -> bool;
    /// All ones where the sign bit is set, for [`Vector::select`].
    fn sign_mask(self) -> Self;
    /// The bits of |x| (of a NaN: above all others), for `int_sub`: one instruction where `abs` takes three.
    fn abs_bits(self) -> Self;

    /// The lanes 0, 2, … of `self`, then those of `b`.
    fn evens(self, b: Self) -> Self;
    /// The lanes 1, 3, … of `self`, then those of `b`.
    fn odds(self, b: Self) -> Self;

    /// Stores the lanes, small whole numbers, as integers.
    unsafe fn store_i32(self, p: *mut i32);

    /// The first `n` (< LANES) elements at `p`; the other lanes are zero. Reads nothing past them.
    unsafe fn load_partial(p: *const Self::E, n: usize) -> Self;
    /// Stores the first `n` (< LANES) lanes.
    unsafe fn store_partial(self, p: *mut Self::E, n: usize);
    /// dst[j · to + i] = src[i · row + j] for a square of LANES × LANES.
    unsafe fn transpose(src: *const Self::E, row: isize, dst: *mut Self::E, to: usize);
    /// The smaller, of two zeros `self`; NaN if either is. Three instructions where `min` takes eight.
    #[inline(always)]
    fn lesser_or_nan(self, b: Self) -> Self {
        // All ones, as `ne` gives them, are a NaN.
        self.at_most(b).or(b.ne(b))
    }
    /// The larger, as [`Vector::lesser_or_nan`].
    #[inline(always)]
    fn greater_or_nan(self, b: Self) -> Self {
        self.at_least(b).or(b.ne(b))
    }
    /// Lane i of `self`.
    #[inline(always)]
    fn lane(self, i: usize) -> Self::E {
        let mut buf = [Self::E::ZERO; 4];
        unsafe {
            self.store(buf.as_mut_ptr());
            *buf.as_ptr().add(i)
        }
    }
    /// The sum of the lanes of each of LANES vectors, in the order of [`Vector::sum_lanes`].
    unsafe fn sum_each(v: *const Self) -> Self;
    /// Sum of the lanes, in a fixed order: (0 + 2) + (1 + 3) for four lanes, 0 + 1 for two.
    #[inline(always)]
    fn sum_lanes(self) -> Self::E {
        if Self::LANES == 4 {
            (self.lane(0) + self.lane(2)) + (self.lane(1) + self.lane(3))
        } else {
            self.lane(0) + self.lane(1)
        }
    }
}

macro_rules! real {
    ($t:ident, $v:ident) => {
        impl Real for $t {
            type V = $v;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = $t::INFINITY;
            const NEG_INFINITY: Self = $t::NEG_INFINITY;
            const NAN: Self = $t::NAN;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    };
}

#[cfg(target_arch = "wasm32")]
#[path = "simd/wasm.rs"]
mod lanes;

#[cfg(not(target_arch = "wasm32"))]
#[path = "simd/native.rs"]
mod lanes;

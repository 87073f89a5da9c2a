//! One 128-bit vector per float type, with WebAssembly's semantics. Natively (tests) it is an array.

use core::ops::{Add, Div, Mul, Neg, Sub};

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
mod lanes {
    use super::{Real, Vector};
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub struct F32x4(pub v128);
    #[derive(Clone, Copy)]
    pub struct F64x2(pub v128);
    real!(f32, F32x4);
    real!(f64, F64x2);

    macro_rules! vector {
        ($v:ident, $e:ident, $lanes:literal, $madd:expr, $transpose:expr, $sums:expr, $load:expr, $store:expr, $i:ident: $iadd:ident $isub:ident $ishl:ident $ishr:ident $sar:ident,
         $splat:ident $first:ident $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident $sqrt:ident $abs:ident $neg:ident
         $floor:ident $ceil:ident $trunc:ident $nearest:ident $eq:ident $ne:ident $lt:ident $le:ident $gt:ident $ge:ident $bitmask:ident,
         $evens:expr, $odds:expr, $store_i32:expr) => {
            impl Vector for $v {
                type E = $e;
                const LANES: usize = $lanes;
                #[inline(always)]
                unsafe fn load(p: *const $e) -> Self { Self(v128_load(p.cast())) }
                #[inline(always)]
                unsafe fn store(self, p: *mut $e) { v128_store(p.cast(), self.0) }
                #[inline(always)]
                fn splat(x: $e) -> Self { Self($splat(x)) }
                #[inline(always)]
                fn first(self) -> $e { $first::<0>(self.0) }
                #[inline(always)]
                fn madd(self, b: Self, c: Self) -> Self { Self($madd(self.0, b.0, c.0)) }
                #[inline(always)]
                unsafe fn transpose(src: *const $e, row: isize, dst: *mut $e, to: usize) { $transpose(src, row, dst, to) }
                #[inline(always)]
                unsafe fn sum_each(v: *const Self) -> Self { Self($sums(v.cast())) }
                #[inline(always)]
                unsafe fn load_partial(p: *const $e, n: usize) -> Self { Self($load(p, n)) }
                #[inline(always)]
                unsafe fn store_partial(self, p: *mut $e, n: usize) { $store(self.0, p, n) }
                vector!(@two $add add, $sub sub, $mul mul, $div div, $min min, $max max, $eq eq, $ne ne, $lt lt, $le le, $gt gt, $ge ge,
                    v128_and and, v128_or or, v128_xor xor, $iadd int_add, $isub int_sub);
                vector!(@one $sqrt sqrt, $abs abs, $neg neg, $floor floor, $ceil ceil, $trunc trunc, $nearest nearest);
                #[inline(always)]
                fn at_most(self, b: Self) -> Self {
                    // With relaxed SIMD, LLVM makes of a pmin what may lose a NaN.
                    if cfg!(target_feature = "relaxed-simd") {
                        return b.lt(self).select(b, self);
                    }
                    Self(if $lanes == 4 { f32x4_pmin(self.0, b.0) } else { f64x2_pmin(self.0, b.0) })
                }
                #[inline(always)]
                fn at_least(self, b: Self) -> Self {
                    if cfg!(target_feature = "relaxed-simd") {
                        return self.lt(b).select(b, self);
                    }
                    Self(if $lanes == 4 { f32x4_pmax(self.0, b.0) } else { f64x2_pmax(self.0, b.0) })
                }
                #[inline(always)]
                fn select(self, a: Self, b: Self) -> Self { Self(v128_bitselect(a.0, b.0, self.0)) }
                #[inline(always)]
                fn int_shl(self, n: u32) -> Self { Self($ishl(self.0, n)) }
                #[inline(always)]
                fn int_shr(self, n: u32) -> Self { Self($ishr(self.0, n)) }
                #[inline(always)]
                fn any(self) -> bool { $bitmask(self.0) != 0 }
                #[inline(always)]
                fn sign_mask(self) -> Self { Self($sar(self.0, 8 * core::mem::size_of::<$e>() as u32 - 1)) }
                #[inline(always)]
                fn abs_bits(self) -> Self { Self(v128_andnot(self.0, $splat(-0.0))) }
                #[inline(always)]
                fn evens(self, b: Self) -> Self { Self($evens(self.0, b.0)) }
                #[inline(always)]
                fn odds(self, b: Self) -> Self { Self($odds(self.0, b.0)) }
                #[inline(always)]
                unsafe fn store_i32(self, p: *mut i32) { $store_i32(self.0, p) }
            }
        };
        (@two $($op:ident $name:ident),*) => {$(
            #[inline(always)]
            fn $name(self, b: Self) -> Self { Self($op(self.0, b.0)) }
        )*};
        (@one $($op:ident $name:ident),*) => {$(
            #[inline(always)]
            fn $name(self) -> Self { Self($op(self.0)) }
        )*};
    }

    #[inline(always)]
    fn madd32(a: v128, b: v128, c: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_madd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        f32x4_add(f32x4_mul(a, b), c)
    }
    #[inline(always)]
    fn madd64(a: v128, b: v128, c: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return f64x2_relaxed_madd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        f64x2_add(f64x2_mul(a, b), c)
    }

    #[inline(always)]
    unsafe fn transpose32(src: *const f32, row: isize, dst: *mut f32, to: usize) {
        let load = |i: isize| v128_load(src.offset(i * row).cast());
        let (a, b, c, d) = (load(0), load(1), load(2), load(3));
        let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
        let (high_ab, high_cd) = (i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        v128_store(dst.cast(), i64x2_shuffle::<0, 2>(ab, cd));
        v128_store(dst.add(to).cast(), i64x2_shuffle::<1, 3>(ab, cd));
        v128_store(dst.add(2 * to).cast(), i64x2_shuffle::<0, 2>(high_ab, high_cd));
        v128_store(dst.add(3 * to).cast(), i64x2_shuffle::<1, 3>(high_ab, high_cd));
    }
    #[inline(always)]
    unsafe fn transpose64(src: *const f64, row: isize, dst: *mut f64, to: usize) {
        let (a, b) = (v128_load(src.cast()), v128_load(src.offset(row).cast()));
        v128_store(dst.cast(), i64x2_shuffle::<0, 2>(a, b));
        v128_store(dst.add(to).cast(), i64x2_shuffle::<1, 3>(a, b));
    }

    #[inline(always)]
    unsafe fn sum_each32(v: *const v128) -> v128 {
        let (a, b, c, d) = (*v, *v.add(1), *v.add(2), *v.add(3));
        let ab = f32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let cd = f32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        f32x4_add(i64x2_shuffle::<0, 2>(ab, cd), i64x2_shuffle::<1, 3>(ab, cd))
    }
    #[inline(always)]
    unsafe fn sum_each64(v: *const v128) -> v128 {
        let (a, b) = (*v, *v.add(1));
        f64x2_add(i64x2_shuffle::<0, 2>(a, b), i64x2_shuffle::<1, 3>(a, b))
    }
    #[inline(always)]
    unsafe fn load_partial32(p: *const f32, n: usize) -> v128 {
        match n {
            0 => f32x4_splat(0.0),
            1 => v128_load32_zero(p.cast()),
            2 => v128_load64_zero(p.cast()),
            _ => v128_load32_lane::<2>(v128_load64_zero(p.cast()), p.add(2).cast()),
        }
    }
    #[inline(always)]
    unsafe fn load_partial64(p: *const f64, n: usize) -> v128 {
        if n == 0 {
            f64x2_splat(0.0)
        } else {
            v128_load64_zero(p.cast())
        }
    }
    #[inline(always)]
    unsafe fn store_partial32(v: v128, p: *mut f32, n: usize) {
        match n {
            0 => {}
            1 => v128_store32_lane::<0>(v, p.cast()),
            2 => v128_store64_lane::<0>(v, p.cast()),
            _ => {
                v128_store64_lane::<0>(v, p.cast());
                v128_store32_lane::<2>(v, p.add(2).cast());
            }
        }
    }
    #[inline(always)]
    unsafe fn store_partial64(v: v128, p: *mut f64, n: usize) {
        if n > 0 {
            v128_store64_lane::<0>(v, p.cast());
        }
    }

    vector!(F32x4, f32, 4, madd32, transpose32, sum_each32, load_partial32, store_partial32, i32: i32x4_add i32x4_sub i32x4_shl u32x4_shr i32x4_shr,
        f32x4_splat f32x4_extract_lane f32x4_add f32x4_sub f32x4_mul f32x4_div f32x4_min f32x4_max f32x4_sqrt f32x4_abs f32x4_neg
        f32x4_floor f32x4_ceil f32x4_trunc f32x4_nearest f32x4_eq f32x4_ne f32x4_lt f32x4_le f32x4_gt f32x4_ge
        i32x4_bitmask,
        i32x4_shuffle::<0, 2, 4, 6>, i32x4_shuffle::<1, 3, 5, 7>,
        |v, p: *mut i32| v128_store(p.cast(), i32x4_trunc_sat_f32x4(v)));
    vector!(F64x2, f64, 2, madd64, transpose64, sum_each64, load_partial64, store_partial64, i64: i64x2_add i64x2_sub i64x2_shl u64x2_shr i64x2_shr,
        f64x2_splat f64x2_extract_lane f64x2_add f64x2_sub f64x2_mul f64x2_div f64x2_min f64x2_max f64x2_sqrt f64x2_abs f64x2_neg
        f64x2_floor f64x2_ceil f64x2_trunc f64x2_nearest f64x2_eq f64x2_ne f64x2_lt f64x2_le f64x2_gt f64x2_ge
        i64x2_bitmask,
        i64x2_shuffle::<0, 2>, i64x2_shuffle::<1, 3>,
        |v, p: *mut i32| v128_store64_lane::<0>(i32x4_trunc_sat_f64x2_zero(v), p.cast()));
}

/// What the vectors mean, lane by lane: for tests on the host.
#[cfg(not(target_arch = "wasm32"))]
mod lanes {
    use super::{Real, Vector};

    #[derive(Clone, Copy)]
    pub struct F32x4(pub [f32; 4]);
    #[derive(Clone, Copy)]
    pub struct F64x2(pub [f64; 2]);
    real!(f32, F32x4);
    real!(f64, F64x2);

    macro_rules! vector {
        ($v:ident, $e:ident, $int:ident, $lanes:literal, $sqrt:expr, $floor:expr, $ceil:expr, $trunc:expr, $nearest:expr) => {
            impl $v {
                #[inline(always)]
                fn map(self, f: impl Fn($e) -> $e) -> Self { Self(self.0.map(f)) }
                #[inline(always)]
                fn zip(self, b: Self, f: impl Fn($e, $e) -> $e) -> Self { Self(core::array::from_fn(|i| f(self.0[i], b.0[i]))) }
                #[inline(always)]
                fn test(self, b: Self, f: impl Fn($e, $e) -> bool) -> Self {
                    self.zip(b, |x, y| $e::from_bits(if f(x, y) { $int::MAX } else { 0 }))
                }
                #[inline(always)]
                fn bits(self, b: Self, f: impl Fn($int, $int) -> $int) -> Self {
                    self.zip(b, |x, y| $e::from_bits(f(x.to_bits(), y.to_bits())))
                }
            }
            impl $v {
                fn every_other(self, b: Self, first: usize) -> Self {
                    Self(core::array::from_fn(|i| *self.0.iter().chain(&b.0).nth(first + 2 * i).unwrap()))
                }
            }
            impl Vector for $v {
                type E = $e;
                const LANES: usize = $lanes;
                unsafe fn load(p: *const $e) -> Self { Self(core::ptr::read_unaligned(p.cast())) }
                unsafe fn store(self, p: *mut $e) { core::ptr::write_unaligned(p.cast(), self.0) }
                fn splat(x: $e) -> Self { Self([x; $lanes]) }
                fn first(self) -> $e { self.0[0] }
                fn add(self, b: Self) -> Self { self.zip(b, |x, y| x + y) }
                fn sub(self, b: Self) -> Self { self.zip(b, |x, y| x - y) }
                fn mul(self, b: Self) -> Self { self.zip(b, |x, y| x * y) }
                fn div(self, b: Self) -> Self { self.zip(b, |x, y| x / y) }
                fn madd(self, b: Self, c: Self) -> Self { self.mul(b).add(c) }
                unsafe fn load_partial(p: *const $e, n: usize) -> Self { Self(core::array::from_fn(|i| if i < n { *p.add(i) } else { 0.0 })) }
                unsafe fn store_partial(self, p: *mut $e, n: usize) {
                    for i in 0..n {
                        *p.add(i) = self.0[i];
                    }
                }
                unsafe fn sum_each(v: *const Self) -> Self { Self(core::array::from_fn(|i| (*v.add(i)).sum_lanes())) }
                unsafe fn transpose(src: *const $e, row: isize, dst: *mut $e, to: usize) {
                    for i in 0..$lanes {
                        for j in 0..$lanes {
                            *dst.add(j * to + i) = *src.offset(i as isize * row + j as isize);
                        }
                    }
                }
                fn min(self, b: Self) -> Self {
                    self.zip(b, |x, y| match () {
                        _ if x != x || y != y => $e::NAN,
                        _ if x == y => $e::from_bits(x.to_bits() | y.to_bits()),
                        _ => if x < y { x } else { y },
                    })
                }
                fn max(self, b: Self) -> Self {
                    self.zip(b, |x, y| match () {
                        _ if x != x || y != y => $e::NAN,
                        _ if x == y => $e::from_bits(x.to_bits() & y.to_bits()),
                        _ => if x > y { x } else { y },
                    })
                }
                fn at_most(self, b: Self) -> Self { self.zip(b, |x, y| if y < x { y } else { x }) }
                fn at_least(self, b: Self) -> Self { self.zip(b, |x, y| if x < y { y } else { x }) }
                fn sqrt(self) -> Self { self.map($sqrt) }
                fn abs(self) -> Self { self.map(|x| $e::from_bits(x.to_bits() & ($int::MAX >> 1))) }
                fn neg(self) -> Self { self.map(|x| -x) }
                fn floor(self) -> Self { self.map($floor) }
                fn ceil(self) -> Self { self.map($ceil) }
                fn trunc(self) -> Self { self.map($trunc) }
                fn nearest(self) -> Self { self.map($nearest) }
                fn eq(self, b: Self) -> Self { self.test(b, |x, y| x == y) }
                fn ne(self, b: Self) -> Self { self.test(b, |x, y| x != y) }
                fn lt(self, b: Self) -> Self { self.test(b, |x, y| x < y) }
                fn le(self, b: Self) -> Self { self.test(b, |x, y| x <= y) }
                fn gt(self, b: Self) -> Self { self.test(b, |x, y| x > y) }
                fn ge(self, b: Self) -> Self { self.test(b, |x, y| x >= y) }
                fn and(self, b: Self) -> Self { self.bits(b, |x, y| x & y) }
                fn or(self, b: Self) -> Self { self.bits(b, |x, y| x | y) }
                fn xor(self, b: Self) -> Self { self.bits(b, |x, y| x ^ y) }
                fn select(self, a: Self, b: Self) -> Self {
                    Self(core::array::from_fn(|i| {
                        let m = self.0[i].to_bits();
                        $e::from_bits((a.0[i].to_bits() & m) | (b.0[i].to_bits() & !m))
                    }))
                }
                fn int_add(self, b: Self) -> Self { self.bits(b, |x, y| x.wrapping_add(y)) }
                fn int_sub(self, b: Self) -> Self { self.bits(b, |x, y| x.wrapping_sub(y)) }
                fn int_shl(self, n: u32) -> Self { self.map(|x| $e::from_bits(x.to_bits() << n)) }
                fn int_shr(self, n: u32) -> Self { self.map(|x| $e::from_bits(x.to_bits() >> n)) }
                fn any(self) -> bool { self.0.iter().any(|x| x.is_sign_negative()) }
                fn sign_mask(self) -> Self { self.map(|x| $e::from_bits(if x.is_sign_negative() { $int::MAX } else { 0 })) }
                fn abs_bits(self) -> Self { self.abs() }
                fn evens(self, b: Self) -> Self { self.every_other(b, 0) }
                fn odds(self, b: Self) -> Self { self.every_other(b, 1) }
                unsafe fn store_i32(self, p: *mut i32) { self.0.iter().enumerate().for_each(|(i, x)| *p.add(i) = *x as i32) }
            }
        };
    }

    vector!(
        F32x4,
        f32,
        u32,
        4,
        f32::sqrt,
        f32::floor,
        f32::ceil,
        f32::trunc,
        f32::round_ties_even
    );
    vector!(
        F64x2,
        f64,
        u64,
        2,
        f64::sqrt,
        f64::floor,
        f64::ceil,
        f64::trunc,
        f64::round_ties_even
    );
}

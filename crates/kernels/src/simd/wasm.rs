//! The vectors of WebAssembly.

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
     $floor:ident $ceil:ident $trunc:ident $nearest:ident $eq:ident $ne:ident $lt:ident $le:ident $gt:ident $ge:ident $bitmask:ident $pmin:ident $pmax:ident,
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
            fn at_most(self, b: Self) -> Self { Self(pseudo::$pmin(self.0, b.0)) }
            #[inline(always)]
            fn at_least(self, b: Self) -> Self { Self(pseudo::$pmax(self.0, b.0)) }
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

/// pmin and pmax, as LLVM's own functions: core writes them as comparisons, of which LLVM makes relaxed minima in a relaxed
/// build, and those may lose a NaN.
mod pseudo {
    use core::arch::wasm32::v128;
    use core::mem::transmute;

    macro_rules! pseudo {
        ($($name:ident $lanes:ident = $link:literal on $e:ident $n:literal;)*) => {$(
            #[repr(simd)]
            #[derive(Clone, Copy)]
            struct $lanes([$e; $n]);
            #[inline(always)]
            pub fn $name(a: v128, b: v128) -> v128 {
                #[allow(improper_ctypes)]
                extern "C" {
                    #[link_name = $link]
                    fn of(a: $lanes, b: $lanes) -> $lanes;
                }
                unsafe { transmute(of(transmute::<v128, $lanes>(a), transmute::<v128, $lanes>(b))) }
            }
        )*};
    }
    pseudo! {
        pmin32 Min32 = "llvm.wasm.pmin.v4f32" on f32 4;
        pmax32 Max32 = "llvm.wasm.pmax.v4f32" on f32 4;
        pmin64 Min64 = "llvm.wasm.pmin.v2f64" on f64 2;
        pmax64 Max64 = "llvm.wasm.pmax.v2f64" on f64 2;
    }
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
    i32x4_bitmask pmin32 pmax32,
    i32x4_shuffle::<0, 2, 4, 6>, i32x4_shuffle::<1, 3, 5, 7>,
    |v, p: *mut i32| v128_store(p.cast(), i32x4_trunc_sat_f32x4(v)));
vector!(F64x2, f64, 2, madd64, transpose64, sum_each64, load_partial64, store_partial64, i64: i64x2_add i64x2_sub i64x2_shl u64x2_shr i64x2_shr,
    f64x2_splat f64x2_extract_lane f64x2_add f64x2_sub f64x2_mul f64x2_div f64x2_min f64x2_max f64x2_sqrt f64x2_abs f64x2_neg
    f64x2_floor f64x2_ceil f64x2_trunc f64x2_nearest f64x2_eq f64x2_ne f64x2_lt f64x2_le f64x2_gt f64x2_ge
    i64x2_bitmask pmin64 pmax64,
    i64x2_shuffle::<0, 2>, i64x2_shuffle::<1, 3>,
    |v, p: *mut i32| v128_store64_lane::<0>(i32x4_trunc_sat_f64x2_zero(v), p.cast()));

//! What the vectors mean, lane by lane: for tests on the host.

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

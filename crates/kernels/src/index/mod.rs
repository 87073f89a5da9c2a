//! Indexing: gathers, scatters, selection by mask, sorting.
//!
//! Pure moves exist per element size (`_8`, `_32`, `_64` bits). Indices are int32, already checked by [`check_index`];
//! a negative one counts from the end.

mod gather;
mod mask;
mod scatter;
mod sort;

/// The position that `index` names in an axis of `size`.
#[inline(always)]
fn position(index: i32, size: usize) -> usize {
    if index < 0 {
        (index as isize).wrapping_add(size as isize) as usize
    } else {
        index as usize
    }
}

/// The first position in `begin..end` whose index is neither in low..high nor equal to `ignore`, else −1.
#[no_mangle]
pub unsafe extern "C" fn check_index(indices: *const i32, low: i32, high: i32, ignore: i32, begin: usize, end: usize) -> i32 {
    let mut i = begin;
    while i < end {
        let v = *indices.add(i);
        if (v < low || v >= high) && v != ignore {
            return i as i32;
        }
        i += 1;
    }
    -1
}

/// Exports a pure move, generic over the element `E`, for each element size.
macro_rules! moves {
    ($($(#[$doc:meta])* $e8:ident $e32:ident $e64:ident = fn $name:ident<E>($($arg:ident: $ty:ty),* $(,)?) $body:block)+) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(super) unsafe fn $name<E: Copy + Default>($($arg: $ty),*) $body

        const _: () = {
            mod bytes {
                #[allow(unused_imports)]
                use super::*;
                type E = u8;
                #[no_mangle]
                unsafe extern "C" fn $e8($($arg: $ty),*) { super::$name::<E>($($arg),*) }
            }
            mod words {
                #[allow(unused_imports)]
                use super::*;
                type E = u32;
                #[no_mangle]
                unsafe extern "C" fn $e32($($arg: $ty),*) { super::$name::<E>($($arg),*) }
            }
            mod doubles {
                #[allow(unused_imports)]
                use super::*;
                type E = u64;
                #[no_mangle]
                unsafe extern "C" fn $e64($($arg: $ty),*) { super::$name::<E>($($arg),*) }
            }
        };
    )+};
}
use moves;

/// Exports a kernel generic over the number `N` as `_f32`, `_f64` and `_i32`.
macro_rules! numbers {
    ($($(#[$doc:meta])* $f32:ident $f64:ident $i32:ident = fn $name:ident<N>($($arg:ident: $ty:ty),* $(,)?) $body:block)+) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(super) unsafe fn $name<N: Number>($($arg: $ty),*) $body

        const _: () = {
            mod single {
                #[allow(unused_imports)]
                use super::*;
                type N = f32;
                #[no_mangle]
                unsafe extern "C" fn $f32($($arg: $ty),*) { super::$name::<N>($($arg),*) }
            }
            mod double {
                #[allow(unused_imports)]
                use super::*;
                type N = f64;
                #[no_mangle]
                unsafe extern "C" fn $f64($($arg: $ty),*) { super::$name::<N>($($arg),*) }
            }
            mod int {
                #[allow(unused_imports)]
                use super::*;
                type N = i32;
                #[no_mangle]
                unsafe extern "C" fn $i32($($arg: $ty),*) { super::$name::<N>($($arg),*) }
            }
        };
    )+};
}
use numbers;

/// What scatters add and sorts compare.
pub(super) trait Number: Copy + PartialOrd {
    fn plus(self, b: Self) -> Self;
    fn times(self, scale: f64) -> Self;
    /// Whether there is a [`Number::key`].
    const HAS_KEY: bool;
    /// Bits in the order of the numbers, equal for equal ones: for ±0, and for all NaN, which come last.
    fn key(self) -> u32;
}

impl Number for f32 {
    #[inline(always)]
    fn plus(self, b: f32) -> f32 {
        self + b
    }
    #[inline(always)]
    fn times(self, scale: f64) -> f32 {
        self * scale as f32
    }
    const HAS_KEY: bool = true;
    #[inline(always)]
    fn key(self) -> u32 {
        if self.is_nan() {
            return u32::MAX;
        }
        let bits = (self + 0.0).to_bits(); // −0 becomes +0
        bits ^ (((bits as i32 >> 31) as u32) | 0x8000_0000)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn plus(self, b: f64) -> f64 {
        self + b
    }
    #[inline(always)]
    fn times(self, scale: f64) -> f64 {
        self * scale
    }
    const HAS_KEY: bool = false;
    #[inline(always)]
    fn key(self) -> u32 {
        0
    }
}

impl Number for i32 {
    #[inline(always)]
    fn plus(self, b: i32) -> i32 {
        self.wrapping_add(b)
    }
    #[inline(always)]
    fn times(self, scale: f64) -> i32 {
        self.wrapping_mul(scale as i32)
    }
    const HAS_KEY: bool = true;
    #[inline(always)]
    fn key(self) -> u32 {
        self as u32 ^ 0x8000_0000
    }
}

#[cfg(test)]
mod tests;

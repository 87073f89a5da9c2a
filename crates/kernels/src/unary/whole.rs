//! Kernels on whole numbers and those that answer with a bool (0 or 1 in a byte).

/// out = f(x) on `begin..end`.
#[inline(always)]
unsafe fn map<A: Copy, B>(out: *mut B, x: *const A, begin: usize, end: usize, f: impl Fn(A) -> B) {
    let mut i = begin;
    while i < end {
        *out.add(i) = f(*x.add(i));
        i += 1;
    }
}

kernel! {
    fn isnan<T>(out: *mut u8, x: *const T, begin: usize, end: usize) { map(out, x, begin, end, |v| (v != v) as u8) }
    fn isinf<T>(out: *mut u8, x: *const T, begin: usize, end: usize) {
        map(out, x, begin, end, |v| (v == T::INFINITY || v == T::NEG_INFINITY) as u8)
    }
    /// Neither infinite nor NaN.
    fn isfinite<T>(out: *mut u8, x: *const T, begin: usize, end: usize) {
        map(out, x, begin, end, |v| (v < T::INFINITY && v > T::NEG_INFINITY) as u8)
    }
}

macro_rules! whole {
    ($($(#[$doc:meta])* $name:ident($a:ty $(, $arg:ident: $t:ty)*) -> $b:ty = |$v:ident| $f:expr;)+) => {$(
        $(#[$doc])*
        #[no_mangle]
        pub unsafe extern "C" fn $name(out: *mut $b, x: *const $a, $($arg: $t,)* begin: usize, end: usize) {
            map(out, x, begin, end, |$v: $a| $f)
        }
    )+};
}

whole! {
    /// Wraps at the smallest i32.
    neg_i32(i32) -> i32 = |v| v.wrapping_neg();
    /// Modulo 256.
    neg_u8(u8) -> u8 = |v| v.wrapping_neg();
    abs_i32(i32) -> i32 = |v| v.wrapping_abs();
    /// As it is: nothing is below 0.
    abs_u8(u8) -> u8 = |v| v;
    sign_i32(i32) -> i32 = |v| v.signum();
    sign_u8(u8) -> u8 = |v| (v != 0) as u8;
    square_i32(i32) -> i32 = |v| v.wrapping_mul(v);
    square_u8(u8) -> u8 = |v| v.wrapping_mul(v);
    relu_i32(i32) -> i32 = |v| v.max(0);
    relu_u8(u8) -> u8 = |v| v;
    /// `high` where low > high.
    clamp_i32(i32, low: f64, high: f64) -> i32 = |v| v.max(low as i32).min(high as i32);
    clamp_u8(u8, low: f64, high: f64) -> u8 = |v| v.max(low as u8).min(high as u8);
    /// 1 for 0, and 0 for all else.
    logical_not_u8(u8) -> u8 = |v| (v == 0) as u8;
}

//! Reductions of integers and booleans. Their order cannot matter, so plain loops do.

use super::each_outer;

macro_rules! integer_folds {
    ($($(#[$doc:meta])* $name:ident: $in:ty => $out:ty, $zero:expr, $step:expr;)*) => {$(
        $(#[$doc])*
        #[no_mangle]
        pub unsafe extern "C" fn $name(out: *mut $out, x: *const $in, n: usize, inner: usize, begin: usize, end: usize) {
            fold(out, x, n, inner, begin, end, $zero, $step)
        }
    )*};
}

integer_folds! {
    /// out[o, i] = Σₖ x[o, k, i], modulo 2³².
    sum_i32: i32 => i32, 0, |a, v| a.wrapping_add(v);
    /// Sum of bytes (so also the number of true booleans).
    sum_u8: u8 => i32, 0, |a, v| a.wrapping_add(v as i32);
    /// Product, modulo 2³².
    prod_i32: i32 => i32, 1, |a, v| a.wrapping_mul(v);
    /// Product of bytes, modulo 2³².
    prod_u8: u8 => i32, 1, |a, v| a.wrapping_mul(v as i32);
    /// Maximum.
    amax_i32: i32 => i32, i32::MIN, |a, v| if v > a { v } else { a };
    /// Minimum.
    amin_i32: i32 => i32, i32::MAX, |a, v| if v < a { v } else { a };
    /// Maximum of bytes.
    amax_u8: u8 => u8, 0, |a, v| if v > a { v } else { a };
    /// Minimum of bytes.
    amin_u8: u8 => u8, 255, |a, v| if v < a { v } else { a };
    /// 1 if any byte is not 0, else 0.
    any_u8: u8 => u8, 0, |a, v| a | (v != 0) as u8;
    /// 1 if no byte is 0, else 0.
    all_u8: u8 => u8, 1, |a, v| a & (v != 0) as u8;
}

#[inline(always)]
unsafe fn fold<I: Copy, O: Copy>(
    out: *mut O,
    x: *const I,
    n: usize,
    inner: usize,
    begin: usize,
    end: usize,
    zero: O,
    step: impl Fn(O, I) -> O,
) {
    if inner == 1 {
        let mut o = begin;
        while o < end {
            let row = x.add(o * n);
            let (mut total, mut k) = (zero, 0);
            while k < n {
                total = step(total, *row.add(k));
                k += 1;
            }
            *out.add(o) = total;
            o += 1;
        }
        return;
    }
    each_outer(inner, begin, end, |o, lo, hi| {
        let (x, out) = (x.add(o * n * inner), out.add(o * inner));
        let mut j = lo;
        while j < hi {
            *out.add(j) = zero;
            j += 1;
        }
        let mut k = 0;
        while k < n {
            let row = x.add(k * inner);
            let mut j = lo;
            while j < hi {
                *out.add(j) = step(*out.add(j), *row.add(j));
                j += 1;
            }
            k += 1;
        }
    });
}

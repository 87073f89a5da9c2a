//! Running sums.

use super::each_outer;

macro_rules! scans {
    ($($name:ident: $t:ty, $acc:ty, $add:expr;)*) => {$(
        /// out[o, k, i] = Σ_{m ≤ k} x[o, m, i], or over m ≥ k if `reverse` is not 0, for the columns `begin..end` of `[outer, inner]`.
        /// Floats are added in double precision, as PyTorch does on a CPU.
        #[no_mangle]
        pub unsafe extern "C" fn $name(
            out: *mut $t, x: *const $t, n: usize, inner: usize, reverse: u32, begin: usize, end: usize,
        ) {
            let add = $add;
            each_outer(inner, begin, end, |o, lo, hi| {
                let mut j = lo;
                while j < hi {
                    let first = o * n * inner + j;
                    let (mut total, mut k) = (0 as $acc, 0);
                    while k < n {
                        let at = first + inner * if reverse == 0 { k } else { n - 1 - k };
                        total = add(total, *x.add(at) as $acc);
                        *out.add(at) = total as $t;
                        k += 1;
                    }
                    j += 1;
                }
            });
        }
    )*};
}

scans! {
    cumsum_f32: f32, f64, |a, b| a + b;
    cumsum_f64: f64, f64, |a, b| a + b;
    cumsum_i32: i32, i32, |a: i32, b: i32| a.wrapping_add(b);
}

//! Constants and ranges.

#[inline(always)]
unsafe fn fill<A: Copy>(out: *mut A, value: A, begin: usize, end: usize) {
    let mut i = begin;
    while i < end {
        *out.add(i) = value;
        i += 1;
    }
}

macro_rules! fills {
    ($($t:ty: $fill:ident $arange:ident)+) => {$(
        #[no_mangle]
        pub unsafe extern "C" fn $fill(out: *mut $t, value: f64, begin: usize, end: usize) {
            fill(out, value as $t, begin, end)
        }
        /// out[i] = start + i · step, computed in f64.
        #[no_mangle]
        pub unsafe extern "C" fn $arange(out: *mut $t, start: f64, step: f64, begin: usize, end: usize) {
            let mut i = begin;
            while i < end {
                *out.add(i) = (start + i as f64 * step) as $t;
                i += 1;
            }
        }
    )+};
}

fills!(f32: fill_f32 arange_f32 f64: fill_f64 arange_f64 i32: fill_i32 arange_i32 u8: fill_u8 arange_u8);

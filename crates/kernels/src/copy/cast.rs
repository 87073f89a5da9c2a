//! Between element types. A float loses its fraction on the way to a whole number; to i32 it saturates and NaN gives 0;
//! to u8 all wrap modulo 256, as PyTorch does it. To bool: 1 for all that is not 0, NaN included.

macro_rules! casts {
    ($($name:ident: $a:ty => $b:ty = |$v:ident| $f:expr;)+) => {$(
        #[no_mangle]
        pub unsafe extern "C" fn $name(out: *mut $b, x: *const $a, begin: usize, end: usize) {
            let mut i = begin;
            while i < end {
                let $v = *x.add(i);
                *out.add(i) = $f;
                i += 1;
            }
        }
    )+};
}

casts! {
    cast_f32_f64: f32 => f64 = |v| v as f64;
    cast_f32_i32: f32 => i32 = |v| v as i32;
    cast_f32_u8: f32 => u8 = |v| v as i32 as u8;
    cast_f32_bool: f32 => u8 = |v| (v != 0.0) as u8;
    cast_f64_f32: f64 => f32 = |v| v as f32;
    cast_f64_i32: f64 => i32 = |v| v as i32;
    cast_f64_u8: f64 => u8 = |v| v as i32 as u8;
    cast_f64_bool: f64 => u8 = |v| (v != 0.0) as u8;
    cast_i32_f32: i32 => f32 = |v| v as f32;
    cast_i32_f64: i32 => f64 = |v| v as f64;
    cast_i32_u8: i32 => u8 = |v| v as u8;
    cast_i32_bool: i32 => u8 = |v| (v != 0) as u8;
    cast_u8_f32: u8 => f32 = |v| v as f32;
    cast_u8_f64: u8 => f64 = |v| v as f64;
    cast_u8_i32: u8 => i32 = |v| v as i32;
    cast_u8_bool: u8 => u8 = |v| (v != 0) as u8;
    cast_bool_f32: u8 => f32 = |v| v as f32;
    cast_bool_f64: u8 => f64 = |v| v as f64;
    cast_bool_i32: u8 => i32 = |v| v as i32;
    cast_bool_u8: u8 => u8 = |v| v;
}

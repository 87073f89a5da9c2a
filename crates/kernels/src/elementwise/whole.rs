//! Arithmetic of two i32 or u8 operands. It wraps; dividing by zero gives 0, for a kernel must not trap.

use super::export_pair;

export_pair! {
    add_i32 add_nd_i32 (i32 => i32) = |a: i32, b: i32| a.wrapping_add(b);
    sub_i32 sub_nd_i32 (i32 => i32) = |a: i32, b: i32| a.wrapping_sub(b);
    mul_i32 mul_nd_i32 (i32 => i32) = |a: i32, b: i32| a.wrapping_mul(b);
    min_i32 min_nd_i32 (i32 => i32) = |a: i32, b: i32| a.min(b);
    max_i32 max_nd_i32 (i32 => i32) = |a: i32, b: i32| a.max(b);
    floor_divide_i32 floor_divide_nd_i32 (i32 => i32) = floor_divide;
    trunc_divide_i32 trunc_divide_nd_i32 (i32 => i32) = |a: i32, b: i32| if b == 0 { 0 } else { a.wrapping_div(b) };
    remainder_i32 remainder_nd_i32 (i32 => i32) = |a: i32, b: i32| if b == 0 { 0 } else { a.wrapping_sub(floor_divide(a, b).wrapping_mul(b)) };
    fmod_i32 fmod_nd_i32 (i32 => i32) = |a: i32, b: i32| if b == 0 { 0 } else { a.wrapping_rem(b) };
    pow_i32 pow_nd_i32 (i32 => i32) = pow;
}

export_pair! {
    add_u8 add_nd_u8 (u8 => u8) = |a: u8, b: u8| a.wrapping_add(b);
    sub_u8 sub_nd_u8 (u8 => u8) = |a: u8, b: u8| a.wrapping_sub(b);
    mul_u8 mul_nd_u8 (u8 => u8) = |a: u8, b: u8| a.wrapping_mul(b);
    min_u8 min_nd_u8 (u8 => u8) = |a: u8, b: u8| a.min(b);
    max_u8 max_nd_u8 (u8 => u8) = |a: u8, b: u8| a.max(b);
    floor_divide_u8 floor_divide_nd_u8 (u8 => u8) = |a: u8, b: u8| a.checked_div(b).unwrap_or(0);
    remainder_u8 remainder_nd_u8 (u8 => u8) = |a: u8, b: u8| a.checked_rem(b).unwrap_or(0);
    trunc_divide_u8 trunc_divide_nd_u8 (u8 => u8) = |a: u8, b: u8| a.checked_div(b).unwrap_or(0);
    fmod_u8 fmod_nd_u8 (u8 => u8) = |a: u8, b: u8| a.checked_rem(b).unwrap_or(0);
    pow_u8 pow_nd_u8 (u8 => u8) = |a: u8, b: u8| pow(a as i32, b as i32) as u8;
    logical_and_u8 logical_and_nd_u8 (u8 => u8) = |a: u8, b: u8| (a != 0 && b != 0) as u8;
    logical_or_u8 logical_or_nd_u8 (u8 => u8) = |a: u8, b: u8| (a != 0 || b != 0) as u8;
    logical_xor_u8 logical_xor_nd_u8 (u8 => u8) = |a: u8, b: u8| ((a != 0) != (b != 0)) as u8;
}

/// Rounds down, where the hardware rounds to 0. The smallest i32 by −1 wraps.
#[inline(always)]
fn floor_divide(a: i32, b: i32) -> i32 {
    if b == 0 {
        return 0;
    }
    let q = a.wrapping_div(b);
    q - (a.wrapping_rem(b) != 0 && (a < 0) != (b < 0)) as i32
}

/// a^b, wrapping; below b = 0 what is left of the fraction: 0, or ±1 for a = ±1.
#[inline(always)]
fn pow(a: i32, b: i32) -> i32 {
    match (a, b < 0) {
        (_, false) => a.wrapping_pow(b as u32),
        (1, true) => 1,
        (-1, true) => 1 - 2 * (b & 1),
        _ => 0,
    }
}

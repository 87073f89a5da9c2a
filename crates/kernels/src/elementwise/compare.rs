//! Comparisons, into 0 or 1. All but `ne` are false where an operand is NaN.

use super::export_pair;

macro_rules! compare {
    ($t:ty: $($name:ident $name_nd:ident $op:tt)+) => {
        export_pair! {$( $name $name_nd ($t => u8) = |a: $t, b: $t| (a $op b) as u8; )+}
    };
}

compare!(f32: eq_f32 eq_nd_f32 == ne_f32 ne_nd_f32 != lt_f32 lt_nd_f32 < le_f32 le_nd_f32 <= gt_f32 gt_nd_f32 > ge_f32 ge_nd_f32 >=);
compare!(f64: eq_f64 eq_nd_f64 == ne_f64 ne_nd_f64 != lt_f64 lt_nd_f64 < le_f64 le_nd_f64 <= gt_f64 gt_nd_f64 > ge_f64 ge_nd_f64 >=);
compare!(i32: eq_i32 eq_nd_i32 == ne_i32 ne_nd_i32 != lt_i32 lt_nd_i32 < le_i32 le_nd_i32 <= gt_i32 gt_nd_i32 > ge_i32 ge_nd_i32 >=);
compare!(u8: eq_u8 eq_nd_u8 == ne_u8 ne_nd_u8 != lt_u8 lt_nd_u8 < le_u8 le_nd_u8 <= gt_u8 gt_nd_u8 > ge_u8 ge_nd_u8 >=);

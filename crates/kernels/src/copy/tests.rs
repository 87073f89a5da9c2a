use super::*;
use crate::elementwise::tests::{meta, position, random_views, Numbers};

#[test]
fn strided_copies_as_the_naive_loop() {
    let data: Vec<u32> = (0..4096).collect();
    let mut r = Numbers(11);
    for _ in 0..600 {
        let (shape, [vx]) = random_views::<1>(&mut r);
        let n = shape.iter().product::<i32>() as usize;
        // Any order of dimensions on the output side, but no element twice.
        let mut order: Vec<usize> = (0..shape.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, r.below(i + 1));
        }
        let (mut strides, mut step) = (vec![0; shape.len()], 1);
        for d in order {
            strides[d] = step;
            step *= shape[d];
        }
        let vo = (strides, 0);
        let m = meta(&shape, &[&vo.0, &vx.0]);
        let mut out = vec![u32::MAX; n];
        let (a, b) = (r.below(n + 1), r.below(n + 1));
        let cuts = [0, a.min(b), a.max(b), n];
        for c in cuts.windows(2) {
            unsafe { strided::copy_nd_32(out.as_mut_ptr(), &data[vx.1], m.as_ptr(), c[0], c[1]) };
        }
        assert!(
            (0..n).all(|i| out[position(i, &shape, &vo)] == data[position(i, &shape, &vx)]),
            "{m:?} at {cuts:?}"
        );
    }
}

#[test]
fn transposes_larger_than_a_tile() {
    for (rows, cols) in [(1, 40), (40, 1), (33, 50), (16, 16), (100, 17), (21, 300), (300, 21)] {
        let x: Vec<u64> = (0..rows * cols).map(|i| i as u64).collect();
        for (so, sx) in [([cols as i32, 1], [1, rows as i32]), ([1, rows as i32], [cols as i32, 1])] {
            let m = meta(&[rows as i32, cols as i32], &[&so, &sx]);
            let mut out = vec![u64::MAX; rows * cols];
            let middle = rows * cols / 3;
            unsafe {
                strided::copy_nd_64(out.as_mut_ptr(), x.as_ptr(), m.as_ptr(), 0, middle);
                strided::copy_nd_64(out.as_mut_ptr(), x.as_ptr(), m.as_ptr(), middle, rows * cols);
            }
            for r in 0..rows {
                for c in 0..cols {
                    let at = |s: [i32; 2]| r * s[0] as usize + c * s[1] as usize;
                    assert_eq!(out[at(so)], x[at(sx)]);
                }
            }
        }
    }
}

#[test]
fn nothing_to_copy() {
    let m = meta(&[3, 0, 2], &[&[0, 2, 1], &[0, 2, 1]]);
    unsafe { strided::copy_nd_8(core::ptr::null_mut(), core::ptr::null(), m.as_ptr(), 0, 0) };
}

#[test]
fn casts_of_odd_values() {
    let x = [1.9f32, -1.9, f32::NAN, f32::INFINITY, -3e9, 300.0, -0.0];
    let mut whole = [9i32; 7];
    unsafe { cast::cast_f32_i32(whole.as_mut_ptr(), x.as_ptr(), 0, 7) };
    assert_eq!(whole, [1, -1, 0, i32::MAX, i32::MIN, 300, 0]);
    let mut byte = [9u8; 7];
    unsafe { cast::cast_f32_u8(byte.as_mut_ptr(), x.as_ptr(), 0, 7) };
    assert_eq!(byte, [1, 255, 0, 255, 0, 44, 0]);
    unsafe { cast::cast_f32_bool(byte.as_mut_ptr(), x.as_ptr(), 0, 7) };
    assert_eq!(byte, [1, 1, 1, 1, 1, 1, 0]);
    unsafe { cast::cast_i32_u8(byte.as_mut_ptr(), [-1, 256, 257].as_ptr(), 0, 3) };
    assert_eq!(byte[..3], [255, 0, 1]);
}

#[test]
fn ranges_do_not_drift() {
    let mut x = [0.0f64; 11];
    unsafe {
        fill::arange_f64(x.as_mut_ptr(), 1.0, 0.1, 0, 4);
        fill::arange_f64(x.as_mut_ptr(), 1.0, 0.1, 4, 11);
        assert_eq!(x, core::array::from_fn(|i| 1.0 + i as f64 * 0.1));
        fill::fill_f64(x.as_mut_ptr(), -2.5, 2, 5);
    }
    assert_eq!(x[1..6], [1.1, -2.5, -2.5, -2.5, 1.5]);
}

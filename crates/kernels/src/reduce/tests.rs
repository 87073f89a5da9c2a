use super::*;

fn values(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + 13) % 1009) as f32 / 97.0 - 5.0).collect()
}

/// Runs a kernel over the whole range and over three uneven pieces, and checks that not a bit differs.
fn split(outputs: usize, run: impl Fn(*mut f32, usize, usize)) -> Vec<f32> {
    let mut whole = vec![0f32; outputs];
    run(whole.as_mut_ptr(), 0, outputs);
    let mut parts = vec![0f32; outputs];
    let (a, b) = (outputs / 3, outputs / 3 + outputs / 2);
    run(parts.as_mut_ptr(), b, outputs);
    run(parts.as_mut_ptr(), 0, a);
    run(parts.as_mut_ptr(), a, b);
    assert!(whole.iter().zip(&parts).all(|(x, y)| x.to_bits() == y.to_bits()));
    whole
}

#[test]
fn sums_agree_with_double_precision_for_every_shape_and_split() {
    for (outer, n, inner) in [
        (1, 1, 1),
        (3, 0, 2),
        (2, 5, 1),
        (4, 17, 3),
        (1, 100, 37),
        (3, 1000, 1),
        (2, 333, 19),
        (5, 64, 16),
    ] {
        let x = values(outer * n * inner);
        let out = split(outer * inner, |out, b, e| unsafe { sum(out, x.as_ptr(), n, inner, b, e) });
        for o in 0..outer {
            for i in 0..inner {
                let exact: f64 = (0..n).map(|k| x[(o * n + k) * inner + i] as f64).sum();
                assert!((out[o * inner + i] as f64 - exact).abs() <= 2e-6 * n as f64, "{outer} {n} {inner}");
            }
        }
    }
}

#[test]
fn a_long_sum_keeps_its_digits_and_goes_by_blocks() {
    let n = 1_000_003;
    let x = vec![0.1f32; n];
    let blocks = n.div_ceil(BLOCK);
    let partial = split(blocks, |out, b, e| unsafe { sum_partial(out, x.as_ptr(), n, b, e) });
    let mut total = 0f32;
    unsafe { sum(&mut total, partial.as_ptr(), blocks, 1, 0, 1) };
    assert!((total as f64 - n as f64 * 0.1f32 as f64).abs() < 0.04, "{total}");
    let mut row = 0f32;
    unsafe { sum(&mut row, x.as_ptr(), n, 1, 0, 1) };
    assert!((row as f64 - n as f64 * 0.1f32 as f64).abs() < 0.04, "{row}");
}

#[test]
fn products_and_extremes_ignore_the_padding_of_the_tail() {
    let x = [-3.0f32, -2.0, -5.0, -1.0, -4.0];
    let mut out = [0f32; 1];
    unsafe {
        prod(out.as_mut_ptr(), x.as_ptr(), 5, 1, 0, 1);
        assert_eq!(out, [-120.0]);
        amax(out.as_mut_ptr(), x.as_ptr(), 5, 1, 0, 1);
        assert_eq!(out, [-1.0]);
        amin(out.as_mut_ptr(), [1.0f32, 2.0, 3.0].as_ptr(), 3, 1, 0, 1);
        assert_eq!(out, [1.0]);
        amax(out.as_mut_ptr(), [1.0f32, f32::NAN, 3.0].as_ptr(), 3, 1, 0, 1);
        assert!(out[0].is_nan());
        prod(out.as_mut_ptr(), x.as_ptr(), 0, 1, 0, 1);
        assert_eq!(out, [1.0]);
    }
}

#[test]
fn extremes_with_index_take_the_first_and_prefer_nan() {
    let nan = f32::NAN;
    let x = [1.0f32, 3.0, 3.0, 2.0, nan, nan, -1.0, -1.0, 0.0];
    let (mut v, mut i) = ([0f32; 3], [9i32; 3]);
    unsafe { extreme::max_with_index_f32(v.as_mut_ptr(), i.as_mut_ptr(), x.as_ptr(), 3, 1, 0, 3) };
    assert_eq!(i, [1, 1, 2]);
    assert!(v[0] == 3.0 && v[1].is_nan() && v[2] == 0.0);
    unsafe { extreme::min_with_index_f32(v.as_mut_ptr(), i.as_mut_ptr(), x.as_ptr(), 3, 3, 0, 3) };
    assert_eq!(i, [2, 1, 1]);
    assert!(v[0] == -1.0 && v[1].is_nan() && v[2].is_nan());
}

#[test]
fn extremes_of_long_rows_are_where_a_plain_loop_finds_them() {
    for n in [1, 2, 5, 15, 16, 17, 63, 1000, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
        let plain: Vec<f32> = (0..n).map(|i| ((i * 7919 + 13) % 61) as f32 - 30.0).collect();
        for (kind, at) in [0, n / 3, n / 2, n - 1]
            .into_iter()
            .flat_map(|at| (0..5).map(move |kind| (kind, at)))
        {
            let mut x = plain.clone();
            match kind {
                1 => x[at] = f32::NAN,
                2 => (x[at], x[n / 2]) = (f32::NAN, f32::NAN),
                3 => (x[at], x[n - 1]) = (f32::INFINITY, f32::NEG_INFINITY),
                4 => {
                    x.fill(-0.0);
                    x[at] = 0.0;
                }
                _ => (),
            }
            let doubles: Vec<f64> = x.iter().map(|&v| v as f64).collect();
            for max in [true, false] {
                let beats = |a: f32, b: f32| (if max { a > b } else { a < b }) || (a.is_nan() && !b.is_nan());
                let want = (0..n).fold(0, |best, k| if beats(x[k], x[best]) { k } else { best });
                let (mut v, mut w, mut i, mut j) = (9f32, 9f64, 9i32, 9i32);
                unsafe {
                    if max {
                        extreme::max_with_index_f32(&mut v, &mut i, x.as_ptr(), n, 1, 0, 1);
                        extreme::max_with_index_f64(&mut w, &mut j, doubles.as_ptr(), n, 1, 0, 1);
                    } else {
                        extreme::min_with_index_f32(&mut v, &mut i, x.as_ptr(), n, 1, 0, 1);
                        extreme::min_with_index_f64(&mut w, &mut j, doubles.as_ptr(), n, 1, 0, 1);
                    }
                }
                assert_eq!((i as usize, j as usize), (want, want), "n {n}, kind {kind} at {at}, max {max}");
                assert_eq!((v.to_bits(), w.to_bits()), (x[want].to_bits(), doubles[want].to_bits()));
            }
        }
    }
}

#[test]
fn variance_survives_a_large_offset_and_small_n() {
    for inner in [1, 3] {
        let n = 101;
        let x: Vec<f32> = (0..n * inner).map(|i| 10000.0 + (i / inner % 2) as f32).collect();
        let mut mean = vec![0f32; inner];
        let var = split(inner, |out, b, e| unsafe {
            moments::var_mean(out, mean.as_ptr() as *mut f32, x.as_ptr(), n, inner, 1.0, b, e)
        });
        unsafe { moments::var_mean(var.as_ptr() as *mut f32, mean.as_mut_ptr(), x.as_ptr(), n, inner, 1.0, 0, inner) };
        assert!(var.iter().all(|v| (v - 0.2524752).abs() < 1e-4), "{var:?}");
        assert!(mean.iter().all(|m| (m - 10000.495).abs() < 1e-2));
    }
    let (mut v, mut m) = (0f32, 0f32);
    unsafe { moments::var_mean(&mut v, &mut m, [2.0f32].as_ptr(), 1, 1, 1.0, 0, 1) };
    assert!(v.is_nan() && m == 2.0);
}

#[test]
fn integers_and_booleans_reduce() {
    let x = [1i32, -2, 3, 4, 5, -6];
    let mut out = [0i32; 3];
    unsafe {
        integer::sum_i32(out.as_mut_ptr(), x.as_ptr(), 3, 1, 0, 2);
        assert_eq!(out[..2], [2, 3]);
        integer::amax_i32(out.as_mut_ptr(), x.as_ptr(), 2, 3, 0, 3);
        assert_eq!(out, [4, 5, 3]);
        integer::sum_u8(out.as_mut_ptr(), [200u8, 100].as_ptr(), 2, 1, 0, 1);
        assert_eq!(out[0], 300);
        let mut b = [9u8; 2];
        integer::any_u8(b.as_mut_ptr(), [0u8, 0, 0, 7].as_ptr(), 2, 1, 0, 2);
        assert_eq!(b, [0, 1]);
        integer::all_u8(b.as_mut_ptr(), [0u8, 0, 1, 7].as_ptr(), 2, 2, 0, 2);
        assert_eq!(b, [0, 0]);
        integer::all_u8(b.as_mut_ptr(), b.as_ptr(), 0, 1, 0, 1);
        assert_eq!(b[0], 1);
    }
}

#[test]
fn running_sums_go_both_ways() {
    let x = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut out = [0f32; 6];
    unsafe { scan::cumsum_f32(out.as_mut_ptr(), x.as_ptr(), 3, 2, 0, 0, 2) };
    assert_eq!(out, [1.0, 2.0, 4.0, 6.0, 9.0, 12.0]);
    unsafe { scan::cumsum_f32(out.as_mut_ptr(), x.as_ptr(), 3, 1, 1, 0, 2) };
    assert_eq!(out, [6.0, 5.0, 3.0, 15.0, 11.0, 6.0]);
}

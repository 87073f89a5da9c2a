use super::gather::*;
use super::mask::*;
use super::scatter::*;
use super::sort::*;
use super::*;

#[test]
fn the_first_bad_index_is_found() {
    let index = [0, 3, -100, -1, 4];
    unsafe {
        assert_eq!(check_index(index.as_ptr(), 0, 4, -100, 0, 5), 3);
        assert_eq!(check_index(index.as_ptr(), -4, 4, -100, 0, 4), -1);
        assert_eq!(check_index(index.as_ptr(), -4, 4, i32::MIN, 3, 5), 4);
        assert_eq!(check_index(index.as_ptr(), 0, 0, 0, 0, 0), -1);
    }
}

#[test]
fn gathers_read_along_the_middle_axis() {
    let x: Vec<u32> = (0..2 * 3 * 2).collect();
    let index = [0, 2, -1, 1, 2, 0, 1, 1];
    let mut out = [0u32; 8];
    unsafe {
        for (b, e) in [(3, 8), (0, 3)] {
            gather(out.as_mut_ptr(), x.as_ptr(), index.as_ptr(), 3, 2, 2, b, e);
        }
        assert_eq!(out, [0, 5, 4, 3, 10, 7, 8, 9]);
        for (b, e) in [(1, 4), (0, 1)] {
            index_select(out.as_mut_ptr(), x.as_ptr(), [2, -3].as_ptr(), 3, 2, 2, b, e);
        }
        assert_eq!(out, [4, 5, 0, 1, 10, 11, 6, 7]);
    }
}

#[test]
fn scatters_write_in_order_whatever_the_split() {
    let src: Vec<f32> = (1..9).map(|v| v as f32).collect();
    let bits: Vec<u32> = (1..9).collect();
    let index = [0, 2, 0, 2, 1, 0, 1, 1];
    let (mut sum, mut set) = ([0f32; 12], [0u32; 12]);
    let (mut rows, mut copy) = ([0f32; 12], [0u32; 12]);
    unsafe {
        for (b, e) in [(3, 4), (0, 3)] {
            scatter_add(sum.as_mut_ptr(), src.as_ptr(), index.as_ptr(), 3, 2, 2, b, e);
            scatter(set.as_mut_ptr(), bits.as_ptr(), index.as_ptr(), 3, 2, 2, b, e);
            index_add(rows.as_mut_ptr(), src.as_ptr(), [1, 1].as_ptr(), 3, 2, 2, 0.5, -1, b, e);
            index_copy(copy.as_mut_ptr(), bits.as_ptr(), [1, -3].as_ptr(), 3, 2, 2, b, e);
        }
    }
    assert_eq!(sum, [4.0, 0.0, 0.0, 0.0, 0.0, 6.0, 0.0, 6.0, 12.0, 8.0, 0.0, 0.0]);
    assert_eq!(set, [3, 0, 0, 0, 0, 4, 0, 6, 7, 8, 0, 0]);
    assert_eq!(rows, [0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 6.0, 7.0, 0.0, 0.0]);
    assert_eq!(copy, [3, 4, 1, 2, 0, 0, 7, 8, 5, 6, 0, 0]);
    unsafe { index_add(rows.as_mut_ptr(), src.as_ptr(), [0, 1].as_ptr(), 3, 2, 2, 1.0, 0, 0, 2) };
    assert_eq!(rows[..4], [0.0, 0.0, 5.0, 7.0]);
}

#[test]
fn masks_select_count_and_locate() {
    let mask = [0u8, 1, 0, 0, 255, 1];
    let (mut out, mut back, mut at) = ([0u32; 3], [0u32; 6], [0i32; 6]);
    unsafe {
        assert_eq!(count_true(mask.as_ptr(), 6), 3);
        masked_select(out.as_mut_ptr(), [10u32, 11, 12, 13, 14, 15].as_ptr(), mask.as_ptr(), 6);
        masked_scatter(back.as_mut_ptr(), out.as_ptr(), mask.as_ptr(), 6);
        nonzero(at.as_mut_ptr(), mask.as_ptr(), [2, 3].as_ptr(), 2, 6);
    }
    assert_eq!(out, [11, 14, 15]);
    assert_eq!(back, [0, 11, 0, 0, 14, 15]);
    assert_eq!(at, [0, 1, 1, 1, 1, 2]);
}

#[test]
fn triangles_keep_their_side_of_the_diagonal() {
    let x = [1u32; 6];
    let mut out = [9u32; 6];
    unsafe {
        triangle(out.as_mut_ptr(), x.as_ptr(), 2, 3, 0, 0, 0, 2);
        assert_eq!(out, [1, 0, 0, 1, 1, 0]);
        triangle(out.as_mut_ptr(), x.as_ptr(), 2, 3, 1, 1, 0, 2);
        assert_eq!(out, [0, 1, 1, 0, 0, 1]);
        triangle(out.as_mut_ptr(), x.as_ptr(), 2, 3, -1, 0, 0, 2);
        assert_eq!(out, [0, 0, 0, 1, 0, 0]);
    }
}

fn sorted(x: &[f32], descending: u32) -> (Vec<f32>, Vec<i32>) {
    let n = x.len();
    let (mut v, mut i, mut sv, mut si) = (vec![0.0; n], vec![0; n], vec![0.0; n], vec![0; n]);
    unsafe {
        sort(
            v.as_mut_ptr(),
            i.as_mut_ptr(),
            x.as_ptr(),
            sv.as_mut_ptr(),
            si.as_mut_ptr(),
            n,
            descending,
            0,
            1,
        )
    };
    (v, i)
}

#[test]
fn sorting_is_stable_with_nan_largest() {
    let nan = f32::NAN;
    assert_eq!(sorted(&[1.0, nan, 2.0, nan, 1.0], 0).1, [0, 4, 2, 1, 3]);
    assert_eq!(sorted(&[1.0, nan, 2.0, nan, 1.0], 1).1, [1, 3, 2, 0, 4]);
    assert_eq!(sorted(&[0.0, -0.0], 0).1, [0, 1]);
    for n in [0, 1, 2, 15, 16, 17, 33, 64, 1000] {
        let x: Vec<f32> = (0..n).map(|i| (i * 7919 % 101) as f32).collect();
        let (v, i) = sorted(&x, 0);
        assert!((1..n).all(|k| v[k - 1] < v[k] || (v[k - 1] == v[k] && i[k - 1] < i[k])), "{n}");
        assert!((0..n).all(|k| x[i[k] as usize] == v[k]));
        let (down, j) = sorted(&x, 1);
        assert!((1..n).all(|k| down[k - 1] > down[k] || (down[k - 1] == down[k] && j[k - 1] < j[k])));
        let k = n.min(7);
        let (mut tv, mut ti) = (vec![0f32; k], vec![0i32; k]);
        unsafe { topk(tv.as_mut_ptr(), ti.as_mut_ptr(), x.as_ptr(), n, k, 1, 0, 1) };
        assert_eq!(tv, down[..k]);
        assert_eq!(ti, j[..k]);
    }
}

#[test]
fn long_rows_are_sorted_by_digits_stably_with_nan_last_and_zeros_equal() {
    let n = 3 * crate::tuning::RADIX_ROW + 7;
    let special = [
        0.0,
        -0.0,
        f32::NAN,
        -f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE,
        -1e-40,
        f32::MAX,
    ];
    let x: Vec<f32> = (0..n)
        .map(|i| {
            if i % 5 == 0 {
                special[i / 5 % special.len()]
            } else {
                ((i * 7919) % 211) as f32 - 105.0
            }
        })
        .collect();
    for descending in [false, true] {
        let order = |a: f32, b: f32| match (a.is_nan(), b.is_nan()) {
            (true, true) => core::cmp::Ordering::Equal,
            (nan, other) if nan != other => nan.cmp(&other),
            _ => a.partial_cmp(&b).unwrap(),
        };
        let mut want: Vec<i32> = (0..n as i32).collect();
        want.sort_by(|&i, &j| {
            let o = order(x[i as usize], x[j as usize]);
            if descending {
                o.reverse()
            } else {
                o
            }
        });
        let (mut values, mut indices) = (vec![0f32; n], vec![0i32; n]);
        let (mut spare, mut spare_indices) = (vec![0f32; n], vec![0i32; n]);
        unsafe {
            sort(
                values.as_mut_ptr(),
                indices.as_mut_ptr(),
                x.as_ptr(),
                spare.as_mut_ptr(),
                spare_indices.as_mut_ptr(),
                n,
                descending as u32,
                0,
                1,
            );
        }
        assert_eq!(indices, want);
        assert!(values.iter().zip(&want).all(|(v, &i)| v.to_bits() == x[i as usize].to_bits()));
    }
}

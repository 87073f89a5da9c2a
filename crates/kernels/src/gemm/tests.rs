use super::{gemm, gemm_tiles, ACCUMULATE, BIAS_PER_ROW, RELU};
use crate::simd::Real;
use crate::tall::tests::low_and_tall;
use core::ptr::null;

/// A number in -1..1 that looks random.
pub(crate) fn noise<T: Real>(i: usize) -> T {
    let mut x = (i as u32).wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
    x = (x ^ (x >> 15)).wrapping_mul(0x2C1B_3C6D);
    x = (x ^ (x >> 12)).wrapping_mul(0x297A_2D39);
    T::from_f64(((x ^ (x >> 15)) >> 8) as f64 / (1 << 23) as f64 - 1.0)
}

pub(crate) fn vec<T: Real>(n: usize, seed: usize) -> Vec<T> {
    (0..n).map(|i| noise(i + seed * 7919)).collect()
}

/// A bound on the error of a sum of `k` products below 1.
pub(crate) fn tolerance<T: Real>(k: usize) -> f64 {
    (if T::V_IS_SINGLE { 1.2e-7 } else { 2.3e-16 }) * (k as f64 + 4.0)
}

pub(crate) trait Single {
    const V_IS_SINGLE: bool;
}
impl<T: Real> Single for T {
    const V_IS_SINGLE: bool = size_of::<T>() == 4;
}

#[derive(Clone, Copy)]
struct Case {
    m: usize,
    n: usize,
    k: usize,
    batch: usize,
    /// Row and column strides of A and B by layout: 0 rows contiguous, 1 columns contiguous, 2 neither.
    a: usize,
    b: usize,
    flags: u32,
    bias: bool,
    /// Share A or B over the batch.
    shared: usize,
}

fn strides(layout: usize, rows: usize, cols: usize) -> (isize, isize) {
    match layout {
        0 => (cols as isize, 1),
        1 => (1, rows as isize),
        _ => (3 * cols as isize + 1, 3),
    }
}

fn check<T: Real + core::fmt::Debug>(case: Case) {
    let Case {
        m,
        n,
        k,
        batch,
        a: la,
        b: lb,
        flags,
        bias,
        shared,
    } = case;
    let (rsa, csa) = strides(la, m, k);
    let (rsb, csb) = strides(lb, k, n);
    let (sa, sb) = (4 * m * k + m + 9, 4 * k * n + k + 9);
    let (a, b) = (vec::<T>(sa * batch, 1), vec::<T>(sb * batch, 2));
    let biases = vec::<T>(m.max(n), 3);
    let (rsc, sc) = (n + 2, (n + 2) * m);
    let before: Vec<T> = if flags & ACCUMULATE != 0 {
        vec(sc * batch, 4)
    } else {
        vec![T::NAN; sc * batch]
    };
    let mut c = before.clone();
    let tiles = unsafe { gemm_tiles(m, n, batch) };
    let (sa, sb) = (if shared == 1 { 0 } else { sa }, if shared == 2 { 0 } else { sb });
    let pb = if bias { biases.as_ptr() } else { null() };
    let (ia, ib) = (sa as isize, sb as isize);
    let call = |c: &mut Vec<T>, lo, hi| unsafe {
        gemm::<T>(
            c.as_mut_ptr(),
            a.as_ptr(),
            b.as_ptr(),
            pb,
            m,
            n,
            k,
            batch,
            rsa,
            csa,
            ia,
            rsb,
            csb,
            ib,
            rsc,
            sc,
            flags,
            lo,
            hi,
        )
    };
    call(&mut c, 0, tiles);
    for q in 0..batch {
        for i in 0..m {
            for j in 0..n {
                let at = |p: &[T], o: isize| p[o as usize].to_f64();
                let mut sum: f64 = (0..k)
                    .map(|p| {
                        at(&a, ia * q as isize + rsa * i as isize + csa * p as isize)
                            * at(&b, ib * q as isize + rsb * p as isize + csb * j as isize)
                    })
                    .sum();
                if flags & ACCUMULATE != 0 {
                    sum += before[q * sc + i * rsc + j].to_f64();
                }
                if bias {
                    sum += biases[if flags & BIAS_PER_ROW != 0 { i } else { j }].to_f64();
                }
                if flags & RELU != 0 {
                    sum = sum.max(0.0);
                }
                let got = c[q * sc + i * rsc + j].to_f64();
                assert!(
                    (got - sum).abs() <= tolerance::<T>(k),
                    "{m}x{n}x{k} layouts {la} {lb} flags {flags} at {q},{i},{j}: {got} {sum}"
                );
            }
            for j in n..rsc {
                let (x, y) = (c[q * sc + i * rsc + j], before[q * sc + i * rsc + j]);
                assert!(x == y || (x.is_nan() && y.is_nan()), "wrote beyond a row");
            }
        }
    }
    // Backwards, tile by tile.
    let mut split = before.clone();
    for t in (0..tiles).rev() {
        call(&mut split, t, t + 1);
    }
    let same = c.iter().zip(&split).all(|(x, y)| x.to_f64().to_bits() == y.to_f64().to_bits());
    assert!(same, "{m}x{n}x{k}: the split changes bits");
}

const PLAIN: Case = Case {
    m: 0,
    n: 0,
    k: 0,
    batch: 1,
    a: 0,
    b: 0,
    flags: 0,
    bias: false,
    shared: 0,
};

fn check_both(case: Case) {
    low_and_tall(|| {
        check::<f32>(case);
        check::<f64>(case);
    });
}

#[test]
fn small_sizes_in_every_layout() {
    for m in 0..13 {
        for n in 0..13 {
            for k in 0..13 {
                let layout = (m + 2 * n + 3 * k) % 9;
                check_both(Case {
                    m,
                    n,
                    k,
                    a: layout % 3,
                    b: layout / 3,
                    ..PLAIN
                });
            }
        }
    }
}

#[test]
fn odd_sizes_in_every_layout() {
    for (m, n, k) in [
        (17, 63, 129),
        (129, 17, 63),
        (63, 129, 257),
        (97, 257, 17),
        (1, 257, 1100),
        (257, 1, 1100),
        (5, 300, 300),
    ] {
        for layout in 0..9 {
            check_both(Case {
                m,
                n,
                k,
                a: layout % 3,
                b: layout / 3,
                ..PLAIN
            });
        }
    }
}

#[test]
fn epilogues_and_batches() {
    let sizes = [(1, 9, 5), (9, 1, 5), (7, 11, 3), (33, 40, 300), (5, 6, 0), (1, 1, 1100)];
    // Few columns, few rows, shallow; with columns of A contiguous and with rows.
    let paths = [
        (30, 3, 7),
        (70, 5, 300),
        (2, 32, 9),
        (9, 20, 1),
        (9, 28, 2),
        (9, 20, 3),
        (70, 24, 4),
    ];
    for (i, (m, n, k)) in sizes.into_iter().chain(paths).enumerate() {
        for flags in 0..8 {
            for bias in [false, true] {
                for shared in 0..3 {
                    check_both(Case {
                        m,
                        n,
                        k,
                        batch: 3,
                        a: i % 2,
                        b: 1 - i % 2,
                        flags,
                        bias,
                        shared,
                    });
                }
            }
        }
    }
}

#[test]
fn nan_and_infinity_reach_the_result() {
    for (m, n) in [(5, 9), (1, 9), (5, 1)] {
        let mut a = vec![0.0f32; m * 3];
        let b = vec![f32::INFINITY; 3 * n];
        a[2] = f32::NAN;
        let mut c = vec![1.0f32; m * n];
        unsafe {
            let tiles = gemm_tiles(m, n, 1);
            gemm::<f32>(
                c.as_mut_ptr(),
                a.as_ptr(),
                b.as_ptr(),
                null(),
                m,
                n,
                3,
                1,
                3,
                1,
                0,
                n as isize,
                1,
                0,
                n,
                0,
                0,
                0,
                tiles,
            )
        }
        assert!(c.iter().all(|x| x.is_nan()), "0 * inf is NaN");
    }
}

#[test]
fn tall_tiles_give_the_same_bits() {
    for (m, n, k) in [(4, 16, 5), (7, 12, 300), (13, 5, 33), (33, 65, 17), (64, 40, 8), (100, 31, 257)] {
        let (a, b, biases) = (vec::<f32>(m * k, 1), vec::<f32>(k * n, 2), vec::<f32>(m.max(n), 3));
        for flags in [0, RELU | BIAS_PER_ROW] {
            let [low, tall] = low_and_tall(|| {
                let mut c = vec![f32::NAN; m * n];
                let (rk, rn) = (k as isize, n as isize);
                unsafe {
                    let tiles = gemm_tiles(m, n, 1);
                    let (p, q, bias) = (a.as_ptr(), b.as_ptr(), biases.as_ptr());
                    gemm::<f32>(c.as_mut_ptr(), p, q, bias, m, n, k, 1, rk, 1, 0, rn, 1, 0, n, 0, flags, 0, tiles)
                }
                c.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            });
            assert_eq!(low, tall, "{m} {n} {k} {flags}");
        }
    }
}

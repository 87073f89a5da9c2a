//! Numbers from PyTorch 2.15 in double precision.
use super::batch::*;
use super::layer::*;

const EPS: f64 = 1e-5;

fn x() -> Vec<f64> {
    (0..24).map(|i| (i * 7919 % 101) as f64 / 10.0).collect()
}

fn g() -> Vec<f64> {
    (0..24).map(|i| (i * 31 % 17) as f64 / 5.0 - 1.0).collect()
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-6), "{a:?}\n{b:?}");
}

/// [n, c, l] as [n · l, c, 1]: the same batch norm through the other code path.
fn channels_last(x: &[f64]) -> Vec<f64> {
    (0..24).map(|i| x[i / 12 * 12 + i % 3 * 4 + i / 3 % 4]).collect()
}

const Y: [f64; 6] = [-1.248991961, 0.056227401, 1.361446763, -0.548630352, 0.348652998, -0.749092198];
const GX: [f64; 6] = [-0.321807646, 0.303396473, -0.153776393, 0.044725915, -0.109475963, -0.221455207];

#[test]
fn batch_norm_and_its_gradients_in_both_layouts_and_any_split() {
    let (w, b) = ([1.0, 0.5, 2.0], [0.1, 0.2, 0.3]);
    for (n, l, x, g) in [(2, 4, x(), g()), (8, 1, channels_last(&x()), channels_last(&g()))] {
        let (mut mean, mut var, mut gw, mut gb) = ([0.0; 3], [0.0; 3], [0.0; 3], [0.0; 3]);
        let (mut y, mut gx) = (vec![0.0; 24], vec![0.0; 24]);
        let planes = n * 3;
        unsafe {
            for (from, to) in [(1, 3), (0, 1)] {
                batch_norm_stats(mean.as_mut_ptr(), var.as_mut_ptr(), x.as_ptr(), n, 3, l, from, to);
                let (m, v) = (mean.as_ptr(), var.as_ptr());
                batch_norm_grad_affine(
                    gw.as_mut_ptr(),
                    gb.as_mut_ptr(),
                    g.as_ptr(),
                    x.as_ptr(),
                    m,
                    v,
                    n,
                    3,
                    l,
                    EPS,
                    from,
                    to,
                );
            }
            let (m, v) = (mean.as_ptr(), var.as_ptr());
            for (from, to) in [(4, planes), (0, 4)] {
                batch_norm(y.as_mut_ptr(), x.as_ptr(), m, v, w.as_ptr(), b.as_ptr(), 3, l, EPS, from, to);
                let (gw, gb) = (gw.as_ptr(), gb.as_ptr());
                batch_norm_grad_input(
                    gx.as_mut_ptr(),
                    g.as_ptr(),
                    x.as_ptr(),
                    m,
                    v,
                    w.as_ptr(),
                    gw,
                    gb,
                    n,
                    3,
                    l,
                    EPS,
                    from,
                    to,
                );
            }
        }
        let first = |v: &[f64]| (0..6).map(|i| if l == 4 { v[i] } else { v[i % 4 * 3 + i / 4] }).collect::<Vec<_>>();
        close(&first(&y), &Y);
        close(&first(&gx), &GX);
        close(&gw, &[5.124577639, -0.043909819, -2.60988933]);
        close(&gb, &[7.0, 4.8, 2.6]);
        unsafe {
            let none = core::ptr::null();
            batch_norm_grad_input(
                gx.as_mut_ptr(),
                g.as_ptr(),
                x.as_ptr(),
                mean.as_ptr(),
                var.as_ptr(),
                none,
                none,
                none,
                n,
                3,
                l,
                EPS,
                0,
                planes,
            );
        }
        assert!((gx[0] - g[0] / (var[0] + EPS).sqrt()).abs() < 1e-12);
    }
}

#[test]
fn layer_norm_and_its_gradients() {
    let (x, g, w, b) = (x(), g(), [1.0, 0.5, 2.0, -1.0], [0.1, 0.2, 0.3, 0.4]);
    let (mut y, mut gx, mut mean, mut rstd) = (vec![0.0; 24], vec![0.0; 24], [0.0; 6], [0.0; 6]);
    let (mut gw, mut gb) = ([0.0; 4], [0.0; 4]);
    unsafe {
        for (from, to) in [(2, 6), (0, 2)] {
            layer_norm(
                y.as_mut_ptr(),
                mean.as_mut_ptr(),
                rstd.as_mut_ptr(),
                x.as_ptr(),
                w.as_ptr(),
                b.as_ptr(),
                4,
                EPS,
                from,
                to,
            );
            layer_norm_grad_input(
                gx.as_mut_ptr(),
                g.as_ptr(),
                x.as_ptr(),
                mean.as_ptr(),
                rstd.as_ptr(),
                w.as_ptr(),
                4,
                from,
                to,
            );
        }
        for (from, to) in [(1, 4), (0, 1)] {
            let (m, r) = (mean.as_ptr(), rstd.as_ptr());
            layer_norm_grad_affine(gw.as_mut_ptr(), gb.as_mut_ptr(), g.as_ptr(), x.as_ptr(), m, r, 6, 4, from, to);
        }
    }
    close(&y[..4], &[-1.10287365, 0.278808966, 3.336219021, 0.872853786]);
    close(&gx[..4], &[0.053211446, 0.08868523, -0.008571825, -0.13332485]);
    close(&gw, &[2.699506542, -0.514114554, -1.039166048, 0.544300054]);
    close(&gb, &[2.2, 2.0, 5.2, 5.0]);
}

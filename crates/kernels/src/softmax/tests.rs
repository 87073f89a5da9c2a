use super::cross_entropy::*;
use super::*;

fn values(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 7919 + 13) % 1009) as f64 / 97.0 - 5.0).collect()
}

/// Runs a kernel over the whole range and over two pieces, and checks that not a bit differs.
fn split(size: usize, outputs: usize, run: impl Fn(*mut f64, usize, usize)) -> Vec<f64> {
    let (mut whole, mut parts) = (vec![0.0; size], vec![0.0; size]);
    run(whole.as_mut_ptr(), 0, outputs);
    run(parts.as_mut_ptr(), outputs / 3, outputs);
    run(parts.as_mut_ptr(), 0, outputs / 3);
    assert!(whole.iter().zip(&parts).all(|(x, y)| x.to_bits() == y.to_bits()));
    whole
}

#[test]
fn forward_and_gradient_agree_with_the_definition_for_rows_and_columns() {
    for (outer, n, inner) in [(1, 1, 1), (3, 5, 1), (2, 40, 1), (2, 3, 4), (1, 37, 5), (2, 70, 3)] {
        let size = outer * n * inner;
        let (x, g) = (values(size), values(size + 5)[5..].to_vec());
        let lanes = outer * inner;
        let y = split(size, lanes, |out, b, e| unsafe { softmax(out, x.as_ptr(), n, inner, b, e) });
        let z = split(size, lanes, |out, b, e| unsafe { log_softmax(out, x.as_ptr(), n, inner, b, e) });
        let s = split(lanes, lanes, |out, b, e| unsafe { logsumexp(out, x.as_ptr(), n, inner, b, e) });
        let gy = split(size, lanes, |out, b, e| unsafe {
            softmax_grad(out, g.as_ptr(), y.as_ptr(), n, inner, b, e)
        });
        let gz = split(size, lanes, |out, b, e| unsafe {
            log_softmax_grad(out, g.as_ptr(), z.as_ptr(), n, inner, b, e)
        });
        for o in 0..outer {
            for i in 0..inner {
                let at = |k| (o * n + k) * inner + i;
                let total: f64 = (0..n).map(|k| x[at(k)].exp()).sum();
                let dot: f64 = (0..n).map(|k| g[at(k)] * y[at(k)]).sum();
                let sum: f64 = (0..n).map(|k| g[at(k)]).sum();
                assert!((s[o * inner + i] - total.ln()).abs() < 1e-13);
                for k in 0..n {
                    assert!((y[at(k)] - x[at(k)].exp() / total).abs() < 1e-14);
                    assert!((z[at(k)] - (x[at(k)] - total.ln())).abs() < 1e-13);
                    assert!((gy[at(k)] - y[at(k)] * (g[at(k)] - dot)).abs() < 1e-13);
                    assert!((gz[at(k)] - (g[at(k)] - y[at(k)] * sum)).abs() < 1e-12);
                }
            }
        }
    }
}

#[test]
fn infinities_behave_as_in_pytorch() {
    let inf = f32::INFINITY;
    let mut out = [0f32; 3];
    unsafe {
        softmax(out.as_mut_ptr(), [1.0, -inf, 1.0].as_ptr(), 3, 1, 0, 1);
        assert_eq!(out, [0.5, 0.0, 0.5]);
        softmax(out.as_mut_ptr(), [-inf; 3].as_ptr(), 3, 1, 0, 1);
        assert!(out.iter().all(|v| v.is_nan()));
        softmax(out.as_mut_ptr(), [1000.0f32, 1000.0, -1000.0].as_ptr(), 3, 1, 0, 1);
        assert_eq!(out, [0.5, 0.5, 0.0]);
        logsumexp(out.as_mut_ptr(), [-inf, -inf, inf, 1.0, 0.0, f32::NAN].as_ptr(), 2, 1, 0, 3);
        assert!(out[0] == -inf && out[1] == inf && out[2].is_nan());
        logsumexp(out.as_mut_ptr(), out.as_ptr(), 0, 1, 0, 1);
        assert_eq!(out[0], -inf);
    }
}

#[test]
fn cross_entropy_agrees_with_pytorch() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 0.0, -1.0, 0.5, 2.0, -3.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    // The gradients are halved here and divided by a half there.
    let (labels, w, g) = ([4, 0, -100], [1.0, 0.5, 2.0, 1.0, 0.25], [0.5, 1.0, 1.5]);
    let (mut loss, mut weight, mut y, mut gx) = ([9.0; 3], [9.0; 3], [9.0; 15], [9.0; 15]);
    unsafe {
        for (b, e) in [(2, 3), (0, 2)] {
            let (l, w) = (labels.as_ptr(), w.as_ptr());
            cross_entropy(
                loss.as_mut_ptr(),
                weight.as_mut_ptr(),
                y.as_mut_ptr(),
                x.as_ptr(),
                l,
                w,
                5,
                -100,
                0.1,
                b,
                e,
            );
            cross_entropy_grad(gx.as_mut_ptr(), g.as_ptr(), [0.5].as_ptr(), y.as_ptr(), l, w, 1, 5, -100, 0.1, b, e);
        }
    }
    let close = |a: &[f64], b: &[f64]| assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-14), "{a:?} {b:?}");
    close(&loss, &[0.3546126067000299, 2.3003871742003077, 0.0]);
    close(&weight, &[0.25, 1.0, 0.0]);
    #[rustfmt::skip]
    close(&gx, &[
        -0.016270006094067327, 0.0001391746547597661, -0.01243886578039401, 0.05491893032087572, -0.026349233101174156,
        -1.6496685302893177, 0.05001903471450514, 0.23380354259561922, 1.366369907084152, -0.0005239541049582296,
        0.0, 0.0, 0.0, 0.0, 0.0,
    ]);
}

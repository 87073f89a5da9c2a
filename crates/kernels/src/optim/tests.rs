//! Parameters after three steps of PyTorch 2.15's optimisers with `grad = (s + 1) · D − p / 2` in step s.
use super::*;

const P: [f32; 5] = [1.0, -2.0, 0.5, 3.0, -0.25];
const D: [f32; 5] = [0.1, -0.2, 0.3, 0.0, 1.0];

fn check(expected: [f32; 5], mut step: impl FnMut(&mut [f32; 5], &[f32; 5], i32)) {
    let mut p = P;
    for s in 0..3 {
        let mut g = [0f32; 5];
        for i in 0..5 {
            g[i] = D[i] * (s + 1) as f32 - p[i] * 0.5;
        }
        step(&mut p, &g, s);
    }
    assert!(
        p.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 3e-7 * (1.0 + b.abs())),
        "{p:?} {expected:?}"
    );
}

#[test]
fn sgd_follows_pytorch() {
    let mut v = [f32::NAN; 5];
    let mut run = |expected, momentum, dampening, decay, flags| {
        check(expected, |p, g, s| unsafe {
            let flags = flags | if s == 0 { FIRST } else { 0 };
            // Two ranges: a step must not care how it is split.
            for (b, e) in [(3, 5), (0, 3)] {
                sgd(
                    p.as_mut_ptr(),
                    v.as_mut_ptr(),
                    g.as_ptr(),
                    0.1,
                    momentum,
                    dampening,
                    decay,
                    flags,
                    b,
                    e,
                );
            }
        })
    };
    run([1.09559989, -2.19119978, 0.392737508, 3.47287512, -0.909656227], 0.0, 0.0, 0.0, 0);
    run([1.18014252, -2.36028504, 0.363098621, 3.81279469, -1.22562337], 0.9, 0.1, 0.01, 0);
    run(
        [0.768465102, -1.5369302, 0.726738751, 1.89438772, 1.21215904],
        0.9,
        0.0,
        0.0,
        NESTEROV | MAXIMIZE,
    );
}

#[test]
fn adam_follows_pytorch() {
    let run = |expected, decay, amsgrad: bool, flags| {
        let (mut m, mut v, mut vmax) = ([0f32; 5], [0f32; 5], [0f32; 5]);
        let vmax = if amsgrad { vmax.as_mut_ptr() } else { core::ptr::null_mut() };
        check(expected, |p, g, s| unsafe {
            let (c1, c2) = (1.0 - 0.9f64.powi(s + 1), 1.0 - 0.999f64.powi(s + 1));
            let (p, g) = (p.as_mut_ptr(), g.as_ptr());
            adam(
                p,
                m.as_mut_ptr(),
                v.as_mut_ptr(),
                vmax,
                g,
                0.1,
                0.9,
                0.999,
                1e-8,
                decay,
                0.1 / c1,
                c2.sqrt(),
                flags,
                0,
                5,
            );
        })
    };
    run([1.29760098, -2.29535961, 0.230476409, 3.30026102, -0.543021977], 0.01, false, 0);
    run([1.29776549, -2.29561782, 0.231399864, 3.30026102, -0.543034852], 0.0, true, 0);
    run(
        [1.26470411, -2.23268986, 0.219418839, 3.2081003, -0.532664299],
        0.1,
        false,
        DECOUPLED,
    );
}

#[test]
fn rmsprop_follows_pytorch() {
    let run = |expected, alpha, decay, momentum, centred: bool| {
        let (mut v, mut m, mut b) = ([0f32; 5], [0f32; 5], [0f32; 5]);
        let m = if centred { m.as_mut_ptr() } else { core::ptr::null_mut() };
        check(expected, |p, g, _| unsafe {
            let (p, g) = (p.as_mut_ptr(), g.as_ptr());
            rmsprop(p, v.as_mut_ptr(), m, b.as_mut_ptr(), g, 0.01, alpha, 1e-8, decay, momentum, 0, 0, 5);
        })
    };
    run(
        [1.0655905, -2.06474423, 0.408886254, 3.07403898, -0.335595191],
        0.9,
        0.0,
        0.0,
        false,
    );
    run([1.10166466, -2.09763598, 0.388261676, 3.1526053, -0.377035648], 0.3, 0.1, 0.5, true);
}

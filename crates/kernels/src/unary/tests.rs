use super::activations::*;
use super::basic::*;
use super::gradients::*;
use super::*;

const XS: [f32; 19] = [
    -1.0,
    0.0,
    2.0,
    f32::NAN,
    -0.5,
    -0.0,
    f32::INFINITY,
    f32::NEG_INFINITY,
    0.3,
    -3.7,
    25.0,
    -40.0,
    1e-20,
    2.5,
    3.5,
    -2.5,
    100.0,
    -100.0,
    0.9,
];

type Map = unsafe fn(*mut f32, *const f32, usize, usize);

fn run(f: Map, x: &[f32]) -> Vec<f32> {
    let mut out = vec![9.0; x.len()];
    unsafe { f(out.as_mut_ptr(), x.as_ptr(), 0, x.len()) };
    out
}

fn bits(x: &[f32]) -> Vec<u32> {
    // The sign and payload of a NaN are nobody's business.
    x.iter().map(|v| if v.is_nan() { 0x7fc00000 } else { v.to_bits() }).collect()
}

fn agrees(name: &str, f: Map, reference: impl Fn(f64) -> f64) {
    let got = run(f, &XS);
    for (x, y) in XS.iter().zip(&got) {
        let want = reference(*x as f64);
        let close = (*y as f64 - want).abs() <= 3e-7 * want.abs().max(1e-6);
        assert!(
            close || *y as f64 == want || (y.is_nan() && want.is_nan()),
            "{name}({x}) = {y}, expected {want}"
        );
    }
}

fn sigmoid64(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
fn erf64(x: f64) -> f64 {
    crate::math::erf(<f64 as Real>::V::splat(x)).first()
}

#[test]
fn simple_functions() {
    agrees("sign", sign::<f32>, |x| if x.is_nan() || x == 0.0 { 0.0 } else { x.signum() });
    agrees("rsqrt", rsqrt::<f32>, |x| 1.0 / x.sqrt());
    agrees("square", square::<f32>, |x| x * x);
    agrees("round", round::<f32>, f64::round_ties_even);
    agrees("relu", relu::<f32>, |x| if x < 0.0 { 0.0 } else { x });
    agrees(
        "clamp",
        |o, x, b, e| unsafe { clamp(o, x, -1.0, 2.0, b, e) },
        |x| if x.is_nan() { x } else { x.clamp(-1.0, 2.0) },
    );
    agrees(
        "clamp, low > high",
        |o, x, b, e| unsafe { clamp(o, x, 2.0, 1.0, b, e) },
        |x| if x.is_nan() { x } else { 1.0 },
    );
    assert_eq!(run(relu, &[-0.0])[0].to_bits(), (-0.0f32).to_bits());
    assert_eq!(run(neg, &[0.0])[0].to_bits(), (-0.0f32).to_bits());
}

#[test]
fn activations_and_their_slopes() {
    agrees("silu", silu::<f32>, |x| x * sigmoid64(x));
    agrees(
        "softplus",
        |o, x, b, e| unsafe { softplus(o, x, 2.0, 20.0, b, e) },
        |x| if x * 2.0 > 20.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 },
    );
    agrees(
        "elu",
        |o, x, b, e| unsafe { elu(o, x, 0.7, b, e) },
        |x| if x > 0.0 { x } else { 0.7 * x.exp_m1() },
    );
    agrees(
        "leaky_relu",
        |o, x, b, e| unsafe { leaky_relu(o, x, 0.01, b, e) },
        |x| if x > 0.0 { x } else { 0.01f32 as f64 * x },
    );
    // Against central differences of the definitions, in f64.
    type Slope = unsafe fn(*mut f64, *const f64, *const f64, usize, usize);
    let slopes: [(&str, Slope, fn(f64) -> f64); 6] = [
        ("gelu", gelu_grad, |x| 0.5 * x * (1.0 + erf64(x / 2f64.sqrt()))),
        ("gelu_tanh", gelu_tanh_grad, |x| {
            0.5 * x * (1.0 + ((2.0 / core::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
        }),
        ("silu", silu_grad, |x| x * sigmoid64(x)),
        (
            "softplus",
            |o, g, x, b, e| unsafe { softplus_grad(o, g, x, 1.5, 20.0, b, e) },
            |x| (1.5 * x).exp().ln_1p() / 1.5,
        ),
        (
            "elu",
            |o, g, x, b, e| unsafe { elu_grad(o, g, x, 0.7, b, e) },
            |x| if x > 0.0 { x } else { 0.7 * x.exp_m1() },
        ),
        (
            "leaky_relu",
            |o, g, x, b, e| unsafe { leaky_relu_grad(o, g, x, 0.1, b, e) },
            |x| if x > 0.0 { x } else { 0.1 * x },
        ),
    ];
    for (name, f, define) in slopes {
        for x in [-4.0, -1.3, -0.2, 0.1, 0.8, 2.9] {
            let (mut out, h) = (0.0, 1e-5);
            unsafe { f(&mut out, &2.0, &x, 0, 1) };
            let want = (define(x + h) - define(x - h)) / h;
            assert!((out - want).abs() < 1e-9, "{name}'({x}) = {out}, expected {want}");
        }
    }
}

#[test]
fn gradients_at_the_corners() {
    let (g, y) = ([3.0f32; 4], [0.0, -0.0, f32::NAN, 1.0]);
    let mut out = [9.0f32; 4];
    unsafe { relu_grad(out.as_mut_ptr(), g.as_ptr(), y.as_ptr(), 0, 4) };
    assert_eq!(out, [0.0, 0.0, 3.0, 3.0]);
    unsafe { clamp_grad(out.as_mut_ptr(), g.as_ptr(), y.as_ptr(), 0.0, 1.0, 0, 4) };
    assert_eq!(out, [0.0, 0.0, 0.0, 0.0]);
    unsafe { clamp_grad(out.as_mut_ptr(), g.as_ptr(), y.as_ptr(), -1.0, f64::INFINITY, 0, 4) };
    assert_eq!(out, [3.0, 3.0, 0.0, 3.0]);
}

#[test]
fn any_split_and_any_aliasing_give_the_same_bits() {
    let functions: [Map; 8] = [neg, exp, log, sin, tanh, gelu, silu, rsqrt];
    for f in functions {
        let whole = run(f, &XS);
        for cut in 0..=XS.len() {
            let mut out = XS.to_vec();
            let p = out.as_mut_ptr();
            unsafe {
                f(p, p, 0, cut);
                f(p, p, cut, XS.len());
            }
            assert_eq!(bits(&out), bits(&whole));
        }
    }
}

#[test]
fn classification() {
    let mut out = [9u8; 19];
    unsafe { whole::isnan(out.as_mut_ptr(), XS.as_ptr(), 0, 19) };
    assert!(out.iter().zip(XS).all(|(&o, x)| o == x.is_nan() as u8));
    unsafe { whole::isinf(out.as_mut_ptr(), XS.as_ptr(), 0, 19) };
    assert!(out.iter().zip(XS).all(|(&o, x)| o == x.is_infinite() as u8));
    unsafe { whole::isfinite(out.as_mut_ptr(), XS.as_ptr(), 0, 19) };
    assert!(out.iter().zip(XS).all(|(&o, x)| o == x.is_finite() as u8));
    let (x, mut y) = ([i32::MIN, -5, 0, 7], [0i32; 4]);
    unsafe { whole::abs_i32(y.as_mut_ptr(), x.as_ptr(), 0, 4) };
    assert_eq!(y, [i32::MIN, 5, 0, 7]);
    unsafe { whole::clamp_i32(y.as_mut_ptr(), x.as_ptr(), f64::NEG_INFINITY, 3.0, 0, 4) };
    assert_eq!(y, [i32::MIN, -5, 0, 3]);
}

#[test]
fn one_far_argument_changes_no_bit_of_its_neighbours() {
    use super::{activations::*, basic::*, gradients::*};
    let near: Vec<f32> = (0..64).map(|i| (i as f32 - 31.5) / 4.0).collect();
    for far in [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e30,
        -500.0,
        95.0,
        f32::from_bits(0x7fff_ffff),
    ] {
        let mut mixed = near.clone();
        mixed.iter_mut().skip(2).step_by(4).for_each(|x| *x = far);
        let ones = vec![1f32; 64];
        type Map = unsafe fn(*mut f32, *const f32, usize, usize);
        let maps: [Map; 5] = [exp, sigmoid, gelu, gelu_tanh, silu];
        type Slope = unsafe fn(*mut f32, *const f32, *const f32, usize, usize);
        let slopes: [Slope; 3] = [gelu_grad, gelu_tanh_grad, silu_grad];
        let mut results = Vec::new();
        for x in [&near, &mixed] {
            for f in maps {
                let mut out = vec![0f32; 64];
                unsafe { f(out.as_mut_ptr(), x.as_ptr(), 0, 64) };
                results.push(out);
            }
            for f in slopes {
                let mut out = vec![0f32; 64];
                unsafe { f(out.as_mut_ptr(), ones.as_ptr(), x.as_ptr(), 0, 64) };
                results.push(out);
            }
        }
        let (alone, beside) = results.split_at(8);
        for (a, b) in alone.iter().zip(beside) {
            assert!((0..64).all(|i| i % 4 == 2 || a[i].to_bits() == b[i].to_bits()), "beside {far}");
            assert!(!far.is_nan() || b[2].is_nan());
        }
    }
}

#[test]
fn gelu_is_right_to_a_millionth_far_into_its_tail() {
    let x: Vec<f32> = (-2000..2000).map(|i| i as f32 / 400.0).collect();
    let mut out = vec![0f32; x.len()];
    unsafe { super::activations::gelu(out.as_mut_ptr(), x.as_ptr(), 0, x.len()) };
    for (&x, y) in x.iter().zip(out) {
        // Q(t) as Laplace's continued fraction, for large t; by erf, for small ones.
        let t = (x as f64).abs();
        let tail = if t < 2.0 {
            0.5 - 0.5 * crate::math::erf(<f64 as Real>::V::splat(t / 2f64.sqrt())).first()
        } else {
            (-t * t / 2.0).exp() / (2.0 * core::f64::consts::PI).sqrt() / (1..200).rev().fold(t, |f, k| t + k as f64 / f)
        };
        let want = (x as f64).max(0.0) - t * tail;
        assert!((y as f64 - want).abs() <= 1e-6 * want.abs(), "gelu({x}) = {y:e}, expected {want:e}");
    }
}

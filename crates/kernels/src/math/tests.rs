use super::*;
use crate::simd::Real;

type F32s = <f32 as Real>::V;
type F64s = <f64 as Real>::V;

/// Steps between two floats of the same kind: 0 for equal bits or two NaN; ±0 are far apart so that a wrong sign shows.
fn steps(a: f64, b: f64, single: bool) -> u64 {
    if a.is_nan() || b.is_nan() {
        return if a.is_nan() && b.is_nan() { 0 } else { u64::MAX };
    }
    if a == 0.0 && b == 0.0 {
        return if a.is_sign_negative() == b.is_sign_negative() {
            0
        } else {
            u64::MAX
        };
    }
    let order = |x: f64| if single { order32(x as f32) } else { order64(x) };
    order(a).abs_diff(order(b)) as u64
}
fn order64(x: f64) -> i128 {
    let b = x.to_bits() as i64;
    if b < 0 {
        -((b & i64::MAX) as i128)
    } else {
        b as i128
    }
}
fn order32(x: f32) -> i128 {
    let b = x.to_bits() as i32;
    if b < 0 {
        -((b & i32::MAX) as i128)
    } else {
        b as i128
    }
}

/// f32 bit patterns all over the range, the specials, and what surrounds breakpoints and powers of two.
fn floats() -> Vec<f32> {
    let mut xs: Vec<f32> = (0..=u32::MAX).step_by(1021).map(f32::from_bits).collect();
    let near = [
        0.625,
        0.92,
        0.34657,
        1.0397,
        4.0,
        9.01,
        88.72,
        87.34,
        103.9,
        16.6,
        1.0,
        0.70711,
        1.41421,
        0.5,
        1e-5,
        1e-9,
        1e6,
        22.0,
        f32::MIN_POSITIVE,
    ];
    for b in near {
        for d in -40i32..=40 {
            let x = f32::from_bits((b.to_bits() as i32 + d) as u32);
            xs.extend([x, -x]);
        }
    }
    for n in 1..2000 {
        let x = (n as f64 * core::f64::consts::FRAC_PI_4) as f32;
        xs.extend([x, -x]);
    }
    xs.extend([
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
        f32::from_bits(1),
        -f32::from_bits(1),
    ]);
    xs
}

/// |got − want| in units of the last place of an f32 of want's size; for finite values.
fn ulps(got: f32, want: f64) -> f64 {
    let exponent = ((want.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    (got as f64 - want).abs() / 2f64.powi(exponent.max(-126) - 23)
}

fn sweep(name: &str, f: impl Fn(F32s) -> F32s, reference: impl Fn(f64) -> f64) {
    let xs = floats();
    let (mut worst, mut at, mut out) = (0.0, 0.0f32, [0.0f32; 4]);
    for four in xs.chunks_exact(4) {
        unsafe { f(F32s::load(four.as_ptr())).store(out.as_mut_ptr()) };
        for (&x, y) in four.iter().zip(out) {
            let want = reference(x as f64);
            let rounded = want as f32;
            let special = want == 0.0 || !y.is_finite() || !rounded.is_finite();
            let e = if special {
                steps(y as f64, rounded as f64, true) as f64
            } else {
                ulps(y, want)
            };
            if e > worst {
                (worst, at) = (e, x);
            }
        }
    }
    println!("{name} f32: at most {worst:.3} ulp (at {at:e})");
    assert!(
        worst <= 2.0,
        "{name}({at:e}) is {worst} ulp off: {:e}, expected {:e}",
        f(F32s::splat(at)).first(),
        reference(at as f64)
    );
}

#[test]
fn single_precision_over_all_exponents() {
    sweep("exp", exp, f64::exp);
    sweep("expm1", expm1, f64::exp_m1);
    sweep("log", log, f64::ln);
    sweep("log1p", log1p, f64::ln_1p);
    sweep("log2", log2, f64::log2);
    sweep("log10", log10, f64::log10);
    sweep("tanh", tanh, f64::tanh);
    sweep("sin", sin, f64::sin);
    sweep("cos", cos, f64::cos);
    sweep("tan", tan, f64::tan);
    // Checked against exact values below.
    sweep("erf", erf, |x| erf(F64s::splat(x)).first());
    sweep("sigmoid", sigmoid, |x| sigmoid(F64s::splat(x)).first());
    sweep("softplus", softplus, |x| softplus(F64s::splat(x)).first());
}

#[test]
fn double_precision_against_exact_values() {
    let table = include_bytes!("../../testdata/math_reference.bin");
    let rows: Vec<[f64; 3]> = table
        .chunks_exact(24)
        .map(|r| [0, 8, 16].map(|i| f64::from_le_bytes(r[i..i + 8].try_into().unwrap())))
        .collect();
    type Function = (&'static str, fn(F64s, F64s) -> F64s);
    let functions: [Function; 15] = [
        ("exp", |x, _| exp(x)),
        ("expm1", |x, _| expm1(x)),
        ("log", |x, _| log(x)),
        ("log1p", |x, _| log1p(x)),
        ("log2", |x, _| log2(x)),
        ("log10", |x, _| log10(x)),
        ("tanh", |x, _| tanh(x)),
        ("erf", |x, _| erf(x)),
        ("sin", |x, _| sin(x)),
        ("cos", |x, _| cos(x)),
        ("tan", |x, _| tan(x)),
        ("sigmoid", |x, _| sigmoid(x)),
        ("softplus", |x, _| softplus(x)),
        ("pow", pow),
        ("atan2", atan2),
    ];
    let count = rows.len() / functions.len();
    for ((name, f), rows) in functions.iter().zip(rows.chunks_exact(count)) {
        let (mut worst, mut at) = (0, [0.0; 3]);
        for row in rows {
            let s = steps(f(F64s::splat(row[0]), F64s::splat(row[1])).first(), row[2], false);
            if s > worst {
                (worst, at) = (s, *row);
            }
        }
        println!(
            "{name} f64: {worst} steps from the rounded value at most (at {:e}, {:e})",
            at[0], at[1]
        );
        let got = f(F64s::splat(at[0]), F64s::splat(at[1])).first();
        assert!(
            worst <= 2,
            "{name}({:e}, {:e}) is {worst} steps off: {got:e}, expected {:e}",
            at[0],
            at[1],
            at[2]
        );
    }
}

#[test]
fn double_precision_specials() {
    let xs = [
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        -1.0,
        -2.0,
        1.0,
        f64::MAX,
        f64::MIN,
        5e-324,
        -5e-324,
        1e-310,
        800.0,
        -800.0,
    ];
    let same = |name: &str, f: fn(F64s) -> F64s, reference: fn(f64) -> f64| {
        for x in xs {
            let (got, want) = (f(F64s::splat(x)).first(), reference(x));
            assert!(steps(got, want, false) <= 1, "{name}({x:e}) = {got:e}, expected {want:e}");
        }
    };
    same("exp", exp, f64::exp);
    same("expm1", expm1, f64::exp_m1);
    same("log", log, f64::ln);
    same("log1p", log1p, f64::ln_1p);
    same("log2", log2, f64::log2);
    same("log10", log10, f64::log10);
    same("tanh", tanh, f64::tanh);
    same("sin", sin, f64::sin);
    same("cos", cos, f64::cos);
    same("tan", tan, f64::tan);
    same("erf", erf, |x| {
        if x.is_nan() || x == 0.0 {
            x
        } else if x.abs() < 1e-300 {
            x * 1.1283791670955126
        } else if x.abs() > 6.0 {
            x.signum()
        } else {
            erf(F64s::splat(x)).first()
        }
    });
    same("sigmoid", sigmoid, |x| {
        if x.is_nan() {
            x
        } else if x < 0.0 {
            let e = x.exp();
            e / (1.0 + e)
        } else {
            1.0 / (1.0 + (-x).exp())
        }
    });
}

const PAIRS: [f64; 22] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    3.0,
    -3.0,
    0.5,
    -0.5,
    1e-40,
    -1e-40,
    1e30,
    -1e30,
    9007199254740993.0,
    -5.5,
    7.25,
    0.1,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    1.0000001,
];

#[test]
fn pow_and_atan2_as_in_c() {
    for x in PAIRS {
        for y in PAIRS {
            let got = pow(F64s::splat(x), F64s::splat(y)).first();
            assert!(
                steps(got, x.powf(y), false) <= 1,
                "pow({x:e}, {y:e}) = {got:e}, expected {:e}",
                x.powf(y)
            );
            let got = atan2(F64s::splat(x), F64s::splat(y)).first();
            assert!(
                steps(got, x.atan2(y), false) <= 1,
                "atan2({x:e}, {y:e}) = {got:e}, expected {:e}",
                x.atan2(y)
            );
            let (x, y) = (x as f32, y as f32);
            let (got, want) = (pow(F32s::splat(x), F32s::splat(y)).first(), (x as f64).powf(y as f64) as f32);
            assert!(
                steps(got as f64, want as f64, true) <= 1,
                "pow({x:e}, {y:e}) = {got:e}, expected {want:e}"
            );
            let (got, want) = (atan2(F32s::splat(x), F32s::splat(y)).first(), (x as f64).atan2(y as f64) as f32);
            assert!(
                steps(got as f64, want as f64, true) <= 1,
                "atan2({x:e}, {y:e}) = {got:e}, expected {want:e}"
            );
        }
    }
}

#[test]
fn remainders_as_in_python() {
    // x, y, x % y, x // y
    let cases = [
        (5.0, 3.0, 2.0, 1.0),
        (-5.0, 3.0, 1.0, -2.0),
        (5.0, -3.0, -1.0, -2.0),
        (-5.0, -3.0, -2.0, 1.0),
        (0.9, 0.1, 0.1 - 2.7755575615628914e-17, 8.0),
        (6.0, 3.0, 0.0, 2.0),
        (-6.0, 3.0, -0.0, -2.0),
        (-0.0, 3.0, -0.0, -0.0),
        (1.0, f64::INFINITY, 1.0, 0.0),
    ];
    for (x, y, r, q) in cases {
        let got = (
            remainder(F64s::splat(x), F64s::splat(y)).first(),
            floor_div(F64s::splat(x), F64s::splat(y)).first(),
        );
        assert!(
            steps(got.0, r, false) <= 8 && got.1.to_bits() == f64::to_bits(q),
            "{x} divmod {y} = {got:?}, expected ({r}, {q})"
        );
    }
    assert!(floor_div(F64s::splat(1.0), F64s::splat(0.0)).first() == f64::INFINITY);
    assert!(remainder(F32s::splat(1.0), F32s::splat(0.0)).first().is_nan());
}

#[test]
fn exp_of_what_is_not_positive() {
    let worst = (0..2_000_000)
        .map(|i| i as f32 * -4.3e-5)
        .map(|x| ulps(exp_falling(F32s::splat(x)).first(), (x as f64).exp()))
        .fold(0.0, f64::max);
    assert!(worst <= 2.3, "{worst} ulp");
    for x in [-88.1f32, -1e3, f32::MIN, f32::NEG_INFINITY] {
        assert_eq!(exp_falling(F32s::splat(x)).first().to_bits(), 0, "{x}");
        assert_eq!(exp_falling(F64s::splat(x as f64 * 9.0)).first().to_bits(), 0, "{x}");
    }
    assert_eq!(exp_falling(F32s::splat(0.0)).first(), 1.0);
    assert!(exp_falling(F32s::splat(f32::NAN)).first().is_nan() && exp_falling(F64s::splat(f64::NAN)).first().is_nan());
}

use super::float::*;
use super::*;

/// A small generator: tests must not depend on anyone else's.
pub(crate) struct Numbers(pub u32);
impl Numbers {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(1664525).wrapping_add(1013904223);
        (self.0 >> 8) as usize % n
    }
}

type Whole = unsafe extern "C" fn(*mut i32, *const i32, *const i32, usize, usize, usize, usize);
type Compare = unsafe extern "C" fn(*mut u8, *const f64, *const f64, usize, usize, usize, usize);

/// Kernels that have no Rust name.
macro_rules! declare {
    ($t:ty => $b:ty: $($name:ident)+) => {
        extern "C" {$( fn $name(out: *mut $b, x: *const $t, y: *const $t, sx: usize, sy: usize, begin: usize, end: usize); )+}
    };
}
declare!(i32 => i32: floor_divide_i32 remainder_i32 fmod_i32 pow_i32);
declare!(f64 => u8: eq_f64 ne_f64 lt_f64 ge_f64);
extern "C" {
    fn lt_nd_f32(out: *mut u8, x: *const f32, y: *const f32, meta: *const i32, begin: usize, end: usize);
}

const SPECIALS: [f32; 9] = [0.0, -0.0, 1.5, -2.0, 3.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-40];

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|v| if v.is_nan() { 0x7fc00000 } else { v.to_bits() }).collect()
}

type Pair = unsafe fn(*mut f32, *const f32, *const f32, usize, usize, usize, usize);
type Strided = unsafe fn(*mut f32, *const f32, *const f32, *const i32, usize, usize);
const OPS: [(&str, Pair, Strided, fn(f32, f32) -> f32); 5] = [
    ("add", add::<f32>, add_nd::<f32>, |a, b| a + b),
    ("sub", sub::<f32>, sub_nd::<f32>, |a, b| a - b),
    ("mul", mul::<f32>, mul_nd::<f32>, |a, b| a * b),
    ("div", div::<f32>, div_nd::<f32>, |a, b| a / b),
    ("pow", pow::<f32>, pow_nd::<f32>, |a, b| (a as f64).powf(b as f64) as f32),
];

#[test]
fn pairs_of_specials_in_every_form_and_split() {
    let x: Vec<f32> = SPECIALS.iter().flat_map(|&a| [a; 9]).collect();
    let y: Vec<f32> = (0..9).flat_map(|_| SPECIALS).collect();
    let n = x.len();
    for (name, f, _, reference) in OPS {
        for (sx, sy) in [(1, 1), (0, 1), (1, 0), (0, 0)] {
            let want: Vec<f32> = (0..n)
                .map(|i| reference(x[i * sx + 3 * (1 - sx)], y[i * sy + 3 * (1 - sy)]))
                .collect();
            // A scalar operand is the one at 3.
            let (px, py) = (&x[3 * (1 - sx)], &y[3 * (1 - sy)]);
            let mut out = vec![9.0; n];
            unsafe { f(out.as_mut_ptr(), px, py, sx, sy, 0, n) };
            let close = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan()) || (name == "pow" && (a - b).abs() <= 2e-7 * b.abs());
            assert!(out.iter().zip(&want).all(close), "{name} {sx} {sy}");
            for cut in [1, 2, 3, 5, 40, 79] {
                let mut split = vec![9.0; n];
                unsafe {
                    f(split.as_mut_ptr(), px, py, sx, sy, 0, cut);
                    f(split.as_mut_ptr(), px, py, sx, sy, cut, n);
                }
                assert_eq!(bits(&split), bits(&out), "{name} split at {cut}");
            }
        }
    }
}

#[test]
fn output_may_be_an_operand() {
    let x: Vec<f32> = (0..13).map(|i| i as f32 - 4.0).collect();
    let mut a = x.clone();
    let p = a.as_mut_ptr();
    unsafe { sub(p, p, x.as_ptr().add(2), 1, 0, 0, 13) };
    assert!(a.iter().zip(&x).all(|(a, x)| *a == x + 2.0));
    let mut b = x.clone();
    let p = b.as_mut_ptr();
    unsafe { sub(p, x.as_ptr(), p, 1, 1, 0, 13) };
    assert!(b.iter().all(|v| *v == 0.0));
}

/// Shape, and per operand strides and the offset of element 0, of a random view into a buffer of 4096 elements.
pub(crate) fn random_views<const N: usize>(r: &mut Numbers) -> (Vec<i32>, [(Vec<i32>, usize); N]) {
    let shape: Vec<i32> = (0..r.below(5)).map(|_| 1 + r.below(5) as i32).collect();
    let views = core::array::from_fn(|_| {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, r.below(i + 1));
        }
        let (mut strides, mut step, mut offset) = (vec![0; shape.len()], 1 + (r.below(4) == 0) as i32, 0);
        for d in order {
            match r.below(6) {
                0 => strides[d] = 0,
                1 => {
                    strides[d] = -step;
                    offset += (step * (shape[d] - 1)) as usize;
                }
                _ => strides[d] = step,
            }
            step *= shape[d];
        }
        (strides, offset)
    });
    (shape, views)
}

/// Where element `i` of the output lies in a view.
pub(crate) fn position(mut i: usize, shape: &[i32], view: &(Vec<i32>, usize)) -> usize {
    let mut at = view.1 as i32;
    for d in (0..shape.len()).rev() {
        at += (i as i32 % shape[d]) * view.0[d];
        i /= shape[d] as usize;
    }
    at as usize
}

pub(crate) fn meta(shape: &[i32], strides: &[&[i32]]) -> Vec<i32> {
    let mut m = vec![shape.len() as i32];
    m.extend(shape);
    strides.iter().for_each(|s| m.extend(*s));
    m
}

#[test]
fn strided_forms_as_the_naive_loop() {
    let data: Vec<f32> = (0..4096).map(|i| (i as f32 * 0.37).sin() * 4.0).collect();
    let conditions: Vec<u8> = (0..4096).map(|i| (i * 7 % 3) as u8).collect();
    let mut r = Numbers(5);
    for _ in 0..400 {
        let (shape, [vx, vy, vc]) = random_views::<3>(&mut r);
        let n: usize = shape.iter().product::<i32>() as usize;
        let cut = r.below(n + 1);
        let m = meta(&shape, &[&vx.0, &vy.0]);
        let (px, py) = (&data[vx.1] as *const f32, &data[vy.1] as *const f32);
        let at = |i: usize| (data[position(i, &shape, &vx)], data[position(i, &shape, &vy)]);
        let (name, _, f, reference) = OPS[r.below(4)];
        let mut out = vec![9.0f32; n];
        unsafe {
            f(out.as_mut_ptr(), px, py, m.as_ptr(), 0, cut);
            f(out.as_mut_ptr(), px, py, m.as_ptr(), cut, n);
        }
        let want: Vec<f32> = (0..n).map(|i| reference(at(i).0, at(i).1)).collect();
        assert_eq!(bits(&out), bits(&want), "{name} {m:?}");

        let mut less = vec![9u8; n];
        unsafe {
            lt_nd_f32(less.as_mut_ptr(), px, py, m.as_ptr(), 0, cut);
            lt_nd_f32(less.as_mut_ptr(), px, py, m.as_ptr(), cut, n);
        }
        assert!((0..n).all(|i| less[i] == (at(i).0 < at(i).1) as u8), "lt {m:?}");

        let m = meta(&shape, &[&vc.0, &vx.0, &vy.0]);
        let pc = &conditions[vc.1] as *const u8;
        unsafe {
            select::where_nd_32(out.as_mut_ptr().cast(), pc, px.cast(), py.cast(), m.as_ptr(), 0, cut);
            select::where_nd_32(out.as_mut_ptr().cast(), pc, px.cast(), py.cast(), m.as_ptr(), cut, n);
        }
        let want = |i: usize| {
            if conditions[position(i, &shape, &vc)] != 0 {
                at(i).0
            } else {
                at(i).1
            }
        };
        assert!((0..n).all(|i| out[i] == want(i)), "where {m:?}");
    }
}

#[test]
fn whole_numbers_as_in_python() {
    let xs = [7, -7, 7, -7, 5, i32::MIN, 0, 2, -1, 3];
    let ys = [2, 2, -2, -2, 0, -1, 3, -1, -3, 40];
    let mut out = [9i32; 10];
    let mut run = |f: Whole| {
        unsafe { f(out.as_mut_ptr(), xs.as_ptr(), ys.as_ptr(), 1, 1, 0, 10) };
        out
    };
    assert_eq!(run(floor_divide_i32), [3, -4, -4, 3, 0, i32::MIN, 0, -2, 0, 0]);
    assert_eq!(run(remainder_i32), [1, 1, -1, -1, 0, 0, 0, 0, -1, 3]);
    assert_eq!(run(fmod_i32), [1, -1, 1, -1, 0, 0, 0, 0, -1, 3]);
    assert_eq!(run(pow_i32), [49, 49, 0, 0, 1, 0, 0, 0, -1, 689956897]);
}

#[test]
fn comparisons_with_nan_are_false_but_for_ne() {
    let (x, y) = ([f64::NAN, 1.0, -0.0, 2.0], [f64::NAN, f64::NAN, 0.0, 1.0]);
    let mut out = [9u8; 4];
    let mut run = |f: Compare| {
        unsafe { f(out.as_mut_ptr(), x.as_ptr(), y.as_ptr(), 1, 1, 0, 4) };
        out
    };
    assert_eq!(run(eq_f64), [0, 0, 1, 0]);
    assert_eq!(run(ne_f64), [1, 1, 0, 1]);
    assert_eq!(run(ge_f64), [0, 0, 1, 1]);
    assert_eq!(run(lt_f64), [0, 0, 0, 0]);
}

#[test]
fn scaled_sum() {
    let (x, y) = ([1.0f64, 2.0, 3.0], [10.0f64, 20.0, 30.0]);
    let mut out = [0.0; 3];
    unsafe { add_scaled(out.as_mut_ptr(), x.as_ptr(), y.as_ptr(), -0.5, 1, 0, 0, 3) };
    assert_eq!(out, [-4.0, -3.0, -2.0]);
}

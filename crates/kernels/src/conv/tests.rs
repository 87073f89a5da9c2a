use super::input::{conv2d_input_grad, conv2d_input_grad_tiles};
use super::weight::{conv2d_weight_grad, conv2d_weight_grad_tiles};
use super::{conv2d, conv2d_tiles};
use crate::gemm::tests::{tolerance, vec};
use crate::simd::Real;
use crate::tall::tests::low_and_tall;

#[derive(Clone, Copy, Debug)]
struct Case {
    n: usize,
    c: usize,
    o: usize,
    groups: usize,
    /// Height and width of each.
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    /// Rows and columns beyond the symmetric padding ("same" with an even kernel).
    extra: usize,
}

impl Case {
    fn output(&self) -> [usize; 2] {
        [0, 1].map(|i| {
            let padded = self.input[i] + 2 * self.padding[i] + self.extra;
            let reach = self.dilation[i] * (self.kernel[i] - 1) + 1;
            if padded < reach {
                0
            } else {
                (padded - reach) / self.stride[i] + 1
            }
        })
    }
    /// Calls f(index in y, index in x, index in w) for each product of the definition.
    fn each(&self, mut f: impl FnMut(usize, usize, usize)) {
        let ([oh, ow], [h, w], [kh, kw]) = (self.output(), self.input, self.kernel);
        let (go, gi) = (self.o / self.groups, self.c / self.groups);
        for n in 0..self.n {
            for o in 0..self.o {
                for ci in 0..gi {
                    let c = o / go * gi + ci;
                    for p in 0..oh * ow {
                        for t in 0..kh * kw {
                            let y = p / ow * self.stride[0] + t / kw * self.dilation[0];
                            let x = p % ow * self.stride[1] + t % kw * self.dilation[1];
                            let (y, x) = (y.wrapping_sub(self.padding[0]), x.wrapping_sub(self.padding[1]));
                            if y < h && x < w {
                                let (at_y, at_w) = ((n * self.o + o) * oh * ow + p, (o * gi + ci) * kh * kw + t);
                                f(at_y, ((n * self.c + c) * h + y) * w + x, at_w);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Runs `f(out, begin, end)` whole and in single steps, wants the same bits, and compares with `expected`.
fn compare<T: Real>(case: Case, what: &str, expected: &[f64], terms: usize, total: usize, f: impl Fn(*mut T, usize, usize)) {
    let (mut whole, mut split) = (vec![T::NAN; expected.len()], vec![T::NAN; expected.len()]);
    f(whole.as_mut_ptr(), 0, total);
    for i in (0..total).rev() {
        f(split.as_mut_ptr(), i, i + 1);
    }
    for (i, want) in expected.iter().enumerate() {
        let got = whole[i].to_f64();
        assert!(
            (got - want).abs() <= tolerance::<T>(terms),
            "{what} of {case:?} at {i}: {got} {want}"
        );
        assert!(
            got.to_bits() == split[i].to_f64().to_bits(),
            "{what} of {case:?}: the split changes bits"
        );
    }
}

fn check<T: Real>(case: Case) {
    let Case {
        n,
        c,
        o,
        groups,
        input: [h, w],
        kernel: [kh, kw],
        stride: [sh, sw],
        padding: [ph, pw],
        dilation: [dh, dw],
        ..
    } = case;
    let [oh, ow] = case.output();
    let (x, weight) = (vec::<T>(n * c * h * w, 1), vec::<T>(o * c / groups * kh * kw, 2));
    let (dy, bias) = (vec::<T>(n * o * oh * ow, 3), vec::<T>(c.max(o), 4));
    let terms = c / groups * kh * kw + 1;

    let mut y: Vec<f64> = (0..dy.len()).map(|i| bias[i / (oh * ow) % o].to_f64()).collect();
    case.each(|iy, ix, iw| y[iy] += x[ix].to_f64() * weight[iw].to_f64());
    let total = unsafe { conv2d_tiles(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups) };
    compare::<T>(case, "output", &y, terms, total, |out, a, b| unsafe {
        conv2d(
            out,
            x.as_ptr(),
            weight.as_ptr(),
            bias.as_ptr(),
            n,
            c,
            h,
            w,
            o,
            oh,
            ow,
            kh,
            kw,
            sh,
            sw,
            ph,
            pw,
            dh,
            dw,
            groups,
            a,
            b,
        )
    });

    let mut dx: Vec<f64> = (0..x.len()).map(|i| bias[i / (h * w) % c].to_f64()).collect();
    case.each(|iy, ix, iw| dx[ix] += dy[iy].to_f64() * weight[iw].to_f64());
    let total = unsafe { conv2d_input_grad_tiles(n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups) };
    compare::<T>(case, "input gradient", &dx, o / groups * kh * kw + 1, total, |out, a, b| unsafe {
        let bias = bias.as_ptr();
        conv2d_input_grad(
            out,
            dy.as_ptr(),
            weight.as_ptr(),
            bias,
            n,
            c,
            h,
            w,
            o,
            oh,
            ow,
            kh,
            kw,
            sh,
            sw,
            ph,
            pw,
            dh,
            dw,
            groups,
            a,
            b,
        )
    });

    for parts in [1, 2] {
        let mut sums = vec![0.0; parts * weight.len()];
        let image_of = |iy: usize| iy / (o * oh * ow);
        case.each(|iy, ix, iw| {
            let part = (0..parts).rev().find(|p| p * n / parts <= image_of(iy)).unwrap();
            sums[part * weight.len() + iw] += dy[iy].to_f64() * x[ix].to_f64();
        });
        let total = unsafe { conv2d_weight_grad_tiles(parts, n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups) };
        compare::<T>(case, "weight gradient", &sums, n * oh * ow, total, |out, a, b| unsafe {
            let (dy, x) = (dy.as_ptr(), x.as_ptr());
            conv2d_weight_grad(
                out, dy, x, parts, n, c, h, w, o, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups, a, b,
            )
        });
    }
}

fn check_both(case: Case) {
    low_and_tall(|| {
        check::<f32>(case);
        check::<f64>(case);
    });
}

const PLAIN: Case = Case {
    n: 2,
    c: 2,
    o: 5,
    groups: 1,
    input: [7, 6],
    kernel: [3, 3],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    extra: 0,
};

#[test]
fn strides_paddings_dilations_and_groups() {
    for stride in 1..4 {
        for padding in 0..3 {
            for dilation in 1..4 {
                for (c, o, groups) in [(2, 3, 1), (2, 5, 1), (4, 8, 2), (4, 6, 2), (3, 3, 3), (2, 4, 2)] {
                    for kernel in [[1, 1], [3, 2], [4, 5]] {
                        let (stride, dilation) = ([stride, 1 + stride % 3], [dilation, 1 + dilation % 2]);
                        check_both(Case {
                            c,
                            o,
                            groups,
                            kernel,
                            stride,
                            padding: [padding, 2 - padding],
                            dilation,
                            ..PLAIN
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn kernels_that_reach_beyond_the_input() {
    for (c, o, groups) in [(2, 3, 1), (2, 4, 1), (3, 3, 3)] {
        for padding in 3..6 {
            check_both(Case {
                c,
                o,
                groups,
                input: [3, 2],
                kernel: [5, 7],
                padding: [padding, 5],
                ..PLAIN
            });
            check_both(Case {
                c,
                o,
                groups,
                input: [1, 1],
                kernel: [3, 3],
                padding: [padding, 1],
                stride: [4, 5],
                ..PLAIN
            });
        }
        for extra in 0..2 {
            check_both(Case {
                c,
                o,
                groups,
                kernel: [4, 2],
                padding: [1, 0],
                extra,
                ..PLAIN
            });
        }
    }
}

#[test]
fn many_channels_and_images() {
    check_both(Case {
        n: 3,
        c: 20,
        o: 37,
        input: [9, 11],
        padding: [1, 1],
        ..PLAIN
    });
    check_both(Case {
        n: 5,
        c: 33,
        o: 18,
        input: [5, 4],
        padding: [1, 1],
        stride: [2, 2],
        ..PLAIN
    });
    check_both(Case {
        n: 3,
        c: 70,
        o: 10,
        input: [4, 4],
        kernel: [1, 1],
        ..PLAIN
    });
    check_both(Case {
        n: 4,
        c: 16,
        o: 16,
        groups: 16,
        input: [13, 19],
        padding: [1, 1],
        ..PLAIN
    });
    check_both(Case {
        n: 2,
        c: 101,
        o: 5,
        input: [2, 2],
        kernel: [2, 2],
        ..PLAIN
    });
}

#[test]
fn planes_and_kernels_beyond_one_block() {
    for (stride, dilation) in [([1, 1], [1, 1]), ([2, 1], [1, 2]), ([3, 2], [2, 1])] {
        for (n, c) in [(1, 1), (1, 5), (7, 2)] {
            let [padding, kernel] = [[1, 2], [3, 2]];
            check_both(Case {
                n,
                c,
                input: [83, 9],
                kernel,
                stride,
                padding,
                dilation,
                ..PLAIN
            });
        }
    }
    check_both(Case {
        n: 1,
        input: [17, 18],
        kernel: [14, 15],
        padding: [3, 0],
        ..PLAIN
    });
}

/// An infinite pixel reaches the weights of the taps that read it, and no others.
#[test]
fn infinite_pixels_stay_where_they_are_read() {
    for (kernel, stride, dilation) in [([3, 3], 1, 1), ([3, 3], 2, 1), ([5, 4], 1, 1), ([3, 3], 1, 2), ([1, 5], 1, 1)] {
        let case = Case {
            n: 1,
            c: 2,
            o: 2,
            groups: 2,
            input: [11, 14],
            kernel,
            stride: [stride; 2],
            dilation: [dilation; 2],
            ..PLAIN
        };
        let ([h, w], [oh, ow], [kh, kw]) = (case.input, case.output(), kernel);
        let dy = vec::<f32>(2 * oh * ow, 3);
        for infinite in 0..h * w {
            let mut x = vec::<f32>(2 * h * w, 1);
            x[infinite] = f32::INFINITY;
            let mut reached = vec![false; 2 * kh * kw];
            case.each(|_, ix, iw| reached[iw] |= ix == infinite);
            let mut dw = vec![0.0f32; reached.len()];
            unsafe {
                let total = conv2d_weight_grad_tiles(1, 1, 2, h, w, 2, oh, ow, kh, kw, stride, stride, 0, 0, dilation, dilation, 2);
                let (dw, dy, x) = (dw.as_mut_ptr(), dy.as_ptr(), x.as_ptr());
                conv2d_weight_grad(
                    dw, dy, x, 1, 1, 2, h, w, 2, oh, ow, kh, kw, stride, stride, 0, 0, dilation, dilation, 2, 0, total,
                );
            }
            for (i, reached) in reached.iter().enumerate() {
                assert!(dw[i].is_finite() != *reached, "{case:?}: pixel {infinite}, weight {i}: {}", dw[i]);
            }
        }
    }
}

#[test]
fn nothing_in_nothing_out() {
    check_both(Case { n: 0, ..PLAIN });
    check_both(Case { input: [2, 2], ..PLAIN });
    check_both(Case {
        n: 0,
        c: 3,
        o: 3,
        groups: 3,
        ..PLAIN
    });
}

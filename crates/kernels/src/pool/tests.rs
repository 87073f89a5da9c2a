use super::*;
use crate::gemm::tests::vec;

/// Height and width of each.
#[derive(Clone, Copy, Debug)]
struct Case {
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    ceil: bool,
}

const PLANES: usize = 3;

impl Case {
    /// PyTorch's pooling_output_shape.
    fn output(&self) -> [usize; 2] {
        [0, 1].map(|i| {
            let room = (self.input[i] + 2 * self.padding[i]) as isize - (self.dilation[i] * (self.kernel[i] - 1)) as isize - 1;
            let stride = self.stride[i] as isize;
            let mut n = (room + if self.ceil { stride - 1 } else { 0 }).div_euclid(stride) + 1;
            if self.ceil && (n - 1) * stride >= (self.input[i] + self.padding[i]) as isize {
                n -= 1;
            }
            n.max(0) as usize
        })
    }
    /// The places of window (i, j) in the plane, in order.
    fn window(&self, i: usize, j: usize) -> Vec<usize> {
        let place = |axis: usize, out: usize, tap: usize| {
            let p = (out * self.stride[axis] + tap * self.dilation[axis]) as isize - self.padding[axis] as isize;
            (p >= 0 && p < self.input[axis] as isize).then_some(p as usize)
        };
        let mut all = vec![];
        for r in 0..self.kernel[0] {
            for c in 0..self.kernel[1] {
                if let (Some(y), Some(x)) = (place(0, i, r), place(1, j, c)) {
                    all.push(y * self.input[1] + x);
                }
            }
        }
        all
    }
}

fn cases() -> Vec<Case> {
    let mut all = vec![];
    for (h, w) in [(1, 1), (4, 7), (8, 5), (9, 12), (5, 31)] {
        for k in 1..4 {
            for s in 1..4 {
                for p in 0..=k / 2 {
                    for d in 1..3 {
                        for ceil in [false, true] {
                            let two = |x: usize| [x, 1 + x % 3];
                            let kernel = two(k);
                            let padding = [p, p.min(kernel[1] / 2)];
                            all.push(Case {
                                input: [h, w],
                                kernel,
                                stride: two(s),
                                padding,
                                dilation: [d, 3 - d],
                                ceil,
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

fn check_max<T: Real>(case: Case) {
    let ([h, w], [kh, kw], [sh, sw], [ph, pw], [dh, dw], [oh, ow]) =
        (case.input, case.kernel, case.stride, case.padding, case.dilation, case.output());
    // Few distinct values make ties; a NaN and −∞ among them.
    let x: Vec<T> = vec::<T>(PLANES * h * w, 1)
        .iter()
        .map(|v| match (v.to_f64() * 4.0).round() {
            r if r == 4.0 => T::NAN,
            r if r < -2.0 => T::NEG_INFINITY,
            r => T::from_f64(r),
        })
        .collect();
    let mut y = vec![T::ONE; PLANES * oh * ow];
    let mut at = vec![7; y.len()];
    for plane in (0..PLANES).rev() {
        let (y, at) = (y.as_mut_ptr(), at.as_mut_ptr());
        unsafe { max_pool2d(y, at, x.as_ptr(), h, w, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, plane, plane + 1) };
    }
    let dy = vec::<T>(y.len(), 2);
    let (mut dx, mut expected) = (vec![T::NAN; x.len()], vec![0.0; x.len()]);
    let mut gathered = vec![T::NAN; y.len()];
    unsafe {
        max_pool2d_scatter(dx.as_mut_ptr(), dy.as_ptr(), at.as_ptr(), h * w, oh * ow, 0, PLANES);
        max_pool2d_gather(gathered.as_mut_ptr(), dx.as_ptr(), at.as_ptr(), h * w, oh * ow, 0, PLANES);
    }
    for (o, value) in y.iter().enumerate() {
        let plane = o / (oh * ow) * h * w;
        let window = case.window(o % (oh * ow) / ow, o % ow);
        let (mut best, mut place) = (f64::NEG_INFINITY, window.first().map_or(-1, |p| *p as i32));
        for p in window {
            let v = x[plane + p].to_f64();
            if v > best || v.is_nan() {
                (best, place) = (v, p as i32);
            }
        }
        assert!(value.to_f64() == best || (best.is_nan() && value.is_nan()), "{case:?} at {o}");
        assert_eq!(at[o], place, "{case:?} at {o}");
        if place >= 0 {
            expected[plane + place as usize] += dy[o].to_f64();
        }
    }
    for (got, want) in dx.iter().zip(&expected) {
        assert!((got.to_f64() - want).abs() < 1e-6, "{case:?}");
    }
    for (o, got) in gathered.iter().enumerate() {
        let want = if at[o] < 0 {
            T::ZERO
        } else {
            dx[o / (oh * ow) * h * w + at[o] as usize]
        };
        assert!(*got == want, "{case:?}");
    }
}

fn check_average<T: Real>(case: Case, count_padding: u32, divisor: usize) {
    let ([h, w], [kh, kw], [sh, sw], [ph, pw], [oh, ow]) = (case.input, case.kernel, case.stride, case.padding, case.output());
    let (x, dy) = (vec::<T>(PLANES * h * w, 1), vec::<T>(PLANES * oh * ow, 2));
    let (mut y, mut dx) = (vec![T::NAN; dy.len()], vec![T::NAN; x.len()]);
    for p in (0..PLANES).rev() {
        unsafe {
            avg_pool2d(
                y.as_mut_ptr(),
                x.as_ptr(),
                h,
                w,
                oh,
                ow,
                kh,
                kw,
                sh,
                sw,
                ph,
                pw,
                count_padding,
                divisor,
                p,
                p + 1,
            );
            avg_pool2d_grad(
                dx.as_mut_ptr(),
                dy.as_ptr(),
                h,
                w,
                oh,
                ow,
                kh,
                kw,
                sh,
                sw,
                ph,
                pw,
                count_padding,
                divisor,
                p,
                p + 1,
            );
        }
    }
    let mut expected = vec![0.0; x.len()];
    for (o, got) in y.iter().enumerate() {
        let plane = o / (oh * ow) * h * w;
        let (i, j) = (o % (oh * ow) / ow, o % ow);
        let window = case.window(i, j);
        let padded = (i * sh + kh).min(h + 2 * ph) - i * sh;
        let size = match (divisor, count_padding) {
            (0, 0) => window.len(),
            (0, _) => padded * ((j * sw + kw).min(w + 2 * pw) - j * sw),
            _ => divisor,
        };
        let sum: f64 = window.iter().map(|p| x[plane + p].to_f64()).sum();
        let want = if window.is_empty() { 0.0 } else { sum / size as f64 };
        assert!((got.to_f64() - want).abs() < 1e-6, "{case:?} at {o}: {} {want}", got.to_f64());
        window.iter().for_each(|p| expected[plane + p] += dy[o].to_f64() / size as f64);
    }
    for (got, want) in dx.iter().zip(&expected) {
        assert!((got.to_f64() - want).abs() < 3e-6, "{case:?}");
    }
}

#[test]
fn maximum_is_pytorchs() {
    for case in cases() {
        check_max::<f32>(case);
        check_max::<f64>(case);
    }
}

#[test]
fn average_is_pytorchs() {
    for case in cases() {
        let case = Case { dilation: [1, 1], ..case };
        for (count_padding, divisor) in [(0, 0), (1, 0), (1, 3)] {
            check_average::<f32>(case, count_padding, divisor);
            check_average::<f64>(case, count_padding, divisor);
        }
    }
}

#[test]
fn adaptive_windows_are_pytorchs() {
    let (h, w, oh, ow) = (7, 5, 3, 8);
    let (x, dy) = (vec::<f64>(h * w, 1), vec::<f64>(oh * ow, 2));
    let (mut y, mut dx, mut expected) = (vec![0.0; oh * ow], vec![9.0; h * w], vec![0.0; h * w]);
    unsafe {
        avg_pool2d(y.as_mut_ptr(), x.as_ptr(), h, w, oh, ow, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
        avg_pool2d_grad(dx.as_mut_ptr(), dy.as_ptr(), h, w, oh, ow, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    }
    for o in 0..oh * ow {
        let span = |i: usize, input: usize, output: usize| i * input / output..((i + 1) * input).div_ceil(output);
        let (rows, cols) = (span(o / ow, h, oh), span(o % ow, w, ow));
        let n = (rows.len() * cols.len()) as f64;
        let mut sum = 0.0;
        for p in rows.flat_map(|r| cols.clone().map(move |c| r * w + c)) {
            sum += x[p];
            expected[p] += dy[o] / n;
        }
        assert!((y[o] - sum / n).abs() < 1e-15);
    }
    assert!(dx.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-15));
}

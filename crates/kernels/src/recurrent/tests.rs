use super::gradients::*;
use super::gru::*;
use super::lstm::*;
use super::product::*;
use super::simple::*;
use crate::tall::tests::low_and_tall;
use core::ptr::null;

fn numbers(n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 7919 + seed * 104_729) % 211) as f64 / 105.0 - 1.0).collect()
}

/// The matrix `[k, n]` of these strides, packed in two parts.
fn pack(w: &[f64], k: usize, n: usize, row: usize, col: usize) -> Vec<f64> {
    let width = recurrent_width_f64();
    let slivers = n.div_ceil(width);
    let mut out = vec![f64::NAN; slivers * width * k];
    unsafe {
        recurrent_pack(out.as_mut_ptr(), w.as_ptr(), k, n, row, col, 1.min(slivers), slivers);
        recurrent_pack(out.as_mut_ptr(), w.as_ptr(), k, n, row, col, 0, 1.min(slivers));
    }
    out
}

const STEPS: usize = 4;
const BATCH: usize = 7;
/// Lengths 4, 4, 3, 3, 3, 1, 1; then where each step starts.
const SIZES: [i32; 8] = [7, 5, 5, 2, 0, 7, 12, 17];
const ROWS: usize = 19;
const SPLITS: [&[(usize, usize)]; 3] = [&[(0, 7)], &[(4, 7), (0, 4)], &[(0, 1), (1, 3), (3, 7)]];

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The row of a sequence at a step, and the row before in the order of the layer.
fn walk(reverse: bool, b: usize) -> Vec<(usize, Option<usize>)> {
    let row = |t: usize| SIZES[STEPS + t] as usize + b;
    let mut steps: Vec<usize> = (0..STEPS).filter(|&t| b < SIZES[t] as usize).collect();
    if reverse {
        steps.reverse();
    }
    (0..steps.len())
        .map(|i| (row(steps[i]), i.checked_sub(1).map(|j| row(steps[j]))))
        .collect()
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12), "{a:?}\n{b:?}");
}

#[test]
fn lstm_as_its_formulas_and_alike_for_any_split() {
    for (hidden, reverse) in [(1, false), (5, true), (6, false)] {
        let w = numbers(4 * hidden * hidden, 1);
        let (bias, h0, c0) = (numbers(4 * hidden, 2), numbers(BATCH * hidden, 3), numbers(BATCH * hidden, 4));
        let input = numbers(ROWS * 4 * hidden, 5);
        let packed = pack(&w, hidden, 4 * hidden, 1, hidden);

        let (mut y, mut cells) = (vec![0.0; ROWS * hidden], vec![0.0; ROWS * hidden]);
        let (mut last, mut last_cell) = (vec![0.0; BATCH * hidden], vec![0.0; BATCH * hidden]);
        for b in 0..BATCH {
            let (mut h, mut c) = (h0[b * hidden..][..hidden].to_vec(), c0[b * hidden..][..hidden].to_vec());
            for (row, _) in walk(reverse, b) {
                let sum = |q: usize, j: usize| {
                    let at = q * hidden + j;
                    let product: f64 = (0..hidden).map(|k| h[k] * w[at * hidden + k]).sum();
                    input[row * 4 * hidden + at] + product + bias[at]
                };
                let next: Vec<(f64, f64)> = (0..hidden)
                    .map(|j| {
                        let cell = sigmoid(sum(1, j)) * c[j] + sigmoid(sum(0, j)) * sum(2, j).tanh();
                        (sigmoid(sum(3, j)) * cell.tanh(), cell)
                    })
                    .collect();
                (h, c) = next.into_iter().unzip();
                y[row * hidden..][..hidden].copy_from_slice(&h);
                cells[row * hidden..][..hidden].copy_from_slice(&c);
            }
            last[b * hidden..][..hidden].copy_from_slice(&h);
            last_cell[b * hidden..][..hidden].copy_from_slice(&c);
        }

        let mut seen: Vec<Vec<u64>> = Vec::new();
        for split in SPLITS {
            let nan = |n: usize| vec![f64::NAN; n];
            let (mut out, mut state, mut cell, mut h, mut c) = (
                nan(ROWS * hidden),
                input.clone(),
                nan(ROWS * hidden),
                nan(BATCH * hidden),
                nan(BATCH * hidden),
            );
            for &(begin, end) in split {
                unsafe {
                    recurrent_lstm(
                        out.as_mut_ptr(),
                        h.as_mut_ptr(),
                        c.as_mut_ptr(),
                        state.as_mut_ptr(),
                        cell.as_mut_ptr(),
                        h0.as_ptr(),
                        c0.as_ptr(),
                        packed.as_ptr(),
                        bias.as_ptr(),
                        SIZES.as_ptr(),
                        STEPS,
                        BATCH,
                        hidden,
                        reverse as u32,
                        begin,
                        end,
                    );
                }
            }
            close(&out, &y);
            close(&cell, &cells);
            close(&h, &last);
            close(&c, &last_cell);
            seen.push([out, state, cell, h, c].concat().iter().map(|x| x.to_bits()).collect());
        }
        assert!(seen.iter().all(|bits| *bits == seen[0]));
    }
}

/// Runs a kernel with each split, on the same numbers, and wants the same bits.
fn any_split(run: impl Fn(usize, usize, &mut [Vec<f64>]), start: &[Vec<f64>]) {
    let results: Vec<Vec<u64>> = SPLITS
        .iter()
        .map(|split| {
            let mut buffers = start.to_vec();
            for &(begin, end) in *split {
                run(begin, end, &mut buffers);
            }
            buffers.concat().iter().map(|x| x.to_bits()).collect()
        })
        .collect();
    assert!(results.iter().all(|bits| *bits == results[0]));
    assert!(
        results[0].iter().all(|&bits| !f64::from_bits(bits).is_nan()),
        "something was not written, or read too early"
    );
}

/// The same of a kernel on the sequences above: what it writes to, as it is before; what it reads; numbers.
macro_rules! any_split {
    ($kernel:ident: $($start:expr),+; $($given:expr),+; $hidden:expr, $($more:expr),+) => {
        any_split(
            |begin, end, written| {
                let mut to = written.iter_mut().map(|buffer| buffer.as_mut_ptr());
                let mut next = |_: &Vec<f64>| to.next().unwrap();
                unsafe { $kernel($(next(&$start)),+, $($given),+, SIZES.as_ptr(), STEPS, BATCH, $hidden, $($more),+, begin, end) }
            },
            &[$($start),+],
        )
    };
}

#[test]
fn every_kernel_gives_the_same_bits_for_any_split_and_starts_from_zeros_without_a_state() {
    for reverse in [0, 1] {
        let hidden = 6;
        let w = numbers(4 * hidden * hidden, 1);
        let nan = |n: usize| vec![f64::NAN; n];
        let (rows, states) = (ROWS * hidden, BATCH * hidden);
        let (y, g) = (numbers(rows, 3), numbers(rows, 4));
        let gates: Vec<f64> = numbers(4 * rows, 2).iter().map(|x| sigmoid(*x)).collect();
        let forward = |n: usize| pack(&w, hidden, n * hidden, 1, hidden);
        let backward = |n: usize| pack(&w, n * hidden, hidden, hidden, 1);
        let (f1, f2, b1, b2, b4) = (forward(1), forward(2), backward(1), backward(2), backward(4));
        let (f1, f2, b1, b2, b4) = (f1.as_ptr(), f2.as_ptr(), b1.as_ptr(), b2.as_ptr(), b4.as_ptr());
        let (saved, out, grad) = (gates.as_ptr(), y.as_ptr(), g.as_ptr());
        let none = null();

        any_split!(recurrent_simple: y.clone(), nan(states); none, f1, none; hidden, reverse, 1);
        let zeros = vec![0.0; states];
        let h0 = zeros.as_ptr();
        any_split!(recurrent_simple_grad: nan(rows), nan(states); grad, hidden, hidden, none, out, h0, b1; hidden, reverse, 0);
        any_split!(
            recurrent_lstm_grad: nan(4 * rows), nan(states), nan(states);
            grad, hidden, hidden, none, none, saved, out, out, none, b4; hidden, reverse
        );
        let mut three = gates.clone();
        for row in three.chunks_mut(4 * hidden) {
            row[3 * hidden..].fill(f64::NAN);
        }
        any_split!(recurrent_gru: nan(rows), nan(states), three.clone(); none, f2, f1, none; hidden, reverse);
        any_split!(recurrent_gru_grad: nan(4 * rows), nan(states); none, 0, 0, grad, saved, out, none, b2, b1; hidden, reverse);
        any_split!(recurrent_before: nan(rows); out, none; hidden, reverse);
    }
}

/// An output gradient that lies batch first, or repeats one step, gives the bits of a plain copy.
#[test]
fn the_gradient_of_the_output_is_read_where_it_lies() {
    let (steps, batch, hidden) = (3, 5, 4);
    let (y, w) = (numbers(steps * batch * hidden, 1), numbers(hidden * hidden, 2));
    let packed = pack(&w, hidden, hidden, hidden, 1);
    let run = |g: &[f64], step: usize, row: usize| {
        let (mut d, mut gh) = (vec![f64::NAN; y.len()], vec![f64::NAN; batch * hidden]);
        let (to, state) = (d.as_mut_ptr(), gh.as_mut_ptr());
        let (out, weight) = (y.as_ptr(), packed.as_ptr());
        unsafe {
            recurrent_simple_grad(
                to,
                state,
                g.as_ptr(),
                step,
                row,
                null(),
                out,
                out,
                weight,
                null(),
                steps,
                batch,
                hidden,
                0,
                0,
                0,
                batch,
            );
        }
        [d, gh].concat()
    };
    let copied = |g: &[f64], step: usize, row: usize| -> Vec<f64> {
        let starts = (0..steps).flat_map(|t| (0..batch).map(move |b| t * step + b * row));
        starts.flat_map(|at| g[at..at + hidden].to_vec()).collect()
    };
    let g = numbers(steps * batch * hidden, 3);
    for (step, row) in [(hidden, steps * hidden), (0, hidden)] {
        assert_eq!(run(&g, step, row), run(&copied(&g, step, row), batch * hidden, hidden));
    }
}

#[test]
fn the_state_before_each_step() {
    for reverse in [false, true] {
        let (y, h0, mut out) = (numbers(ROWS, 1), numbers(BATCH, 2), vec![f64::NAN; ROWS]);
        unsafe {
            recurrent_before(
                out.as_mut_ptr(),
                y.as_ptr(),
                h0.as_ptr(),
                SIZES.as_ptr(),
                STEPS,
                BATCH,
                1,
                reverse as u32,
                0,
                BATCH,
            );
        }
        for b in 0..BATCH {
            for (row, before) in walk(reverse, b) {
                assert_eq!(out[row], before.map_or(h0[b], |r| y[r]));
            }
        }
    }
}

#[test]
fn column_sums_of_a_part_of_a_matrix() {
    let (rows, stride, columns) = (70, 15, 13);
    let x = numbers(rows * stride, 1);
    let mut out = vec![f64::NAN; columns];
    unsafe {
        recurrent_column_sums(out.as_mut_ptr(), x.as_ptr(), rows, stride, 0, 5);
        recurrent_column_sums(out.as_mut_ptr(), x.as_ptr(), rows, stride, 5, columns);
    }
    let want: Vec<f64> = (0..columns).map(|j| (0..rows).map(|r| x[r * stride + j]).sum()).collect();
    close(&out, &want);
}

#[test]
fn tall_tiles_give_the_same_bits() {
    for (rows, n, k) in (1..20).flat_map(|rows| [(rows, 1, 3), (rows, 4, 8), (rows, 9, 5)]) {
        let (a, w) = (numbers(rows * k, 1), numbers(k * n, 2));
        let packed = pack(&w, k, n, n, 1);
        for add in [false, true] {
            let [low, tall] = low_and_tall(|| {
                let mut c = numbers(rows * n, 3);
                unsafe { multiply(c.as_mut_ptr(), n, a.as_ptr(), k, packed.as_ptr(), rows, n, k, add) };
                c.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            });
            assert_eq!(low, tall, "{rows} {n} {k}");
        }
    }
}

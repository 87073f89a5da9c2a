//! What the gradients of weights and biases need after the loop over time.

use super::{each_chunk, Sequence};
use crate::reduce::{add4, cascade, four_down, load_n, store_n};
use crate::simd::Vector;

kernel! {
    /// The state before each step as a row, like the rows of `y`: for the gradient of W'. `h0` may be null for zeros.
    /// The range counts sequences.
    fn recurrent_before<T>(
        out: *mut T, y: *const T, h0: *const T, sizes: *const i32,
        steps: usize, batch: usize, hidden: usize, reverse: u32, begin: usize, end: usize,
    ) {
        Sequence::new(sizes, steps, batch, hidden, reverse).forward(begin, end, |step| {
            let mut b = step.lo;
            while b < step.hi {
                let from = step.state(y, h0, b);
                let to = out.add((step.row + b) * hidden);
                each_chunk::<T, false>(hidden, |j, count| store_n(from.load(j, count), to.add(j), count));
                b += 1;
            }
        });
    }

    /// Sums over the rows of a matrix whose rows lie `stride` apart, for the columns `begin..end`.
    fn recurrent_column_sums<T>(out: *mut T, x: *const T, rows: usize, stride: usize, begin: usize, end: usize) {
        let lanes = T::V::LANES;
        let zero = T::V::splat(T::ZERO);
        let mut j = begin;
        // Four vectors side by side: a cache line is used whole while it is there.
        while j + 4 * lanes <= end {
            let sums = cascade(rows, [zero; 4], four_down(x.add(j), stride), |a, b| add4(a, b, &|a: T::V, b| a.add(b)));
            sums[0].store(out.add(j));
            sums[1].store(out.add(j + lanes));
            sums[2].store(out.add(j + 2 * lanes));
            sums[3].store(out.add(j + 3 * lanes));
            j += 4 * lanes;
        }
        while j < end {
            let count = lanes.min(end - j);
            store_n(cascade(rows, zero, |r| load_n(x.add(r * stride + j), count), |a, b| a.add(b)), out.add(j), count);
            j += lanes;
        }
    }
}

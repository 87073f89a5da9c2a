//! Recurrent layers, a whole sequence in one call: one layer, one direction.
//!
//! The product of the input and its weights is done before, for all steps at once, and lies in `gates`; here the
//! state goes round. Rows of the batch do not meet, so the range is a range of rows and any split gives the same bits.
//!
//! Tensors over time have a row per step and sequence, `[steps, batch]`; of packed sequences, longest first, only the
//! rows that are there.

mod gradients;
mod gru;
mod lstm;
mod product;
mod simple;
#[cfg(test)]
mod tests;

use crate::reduce::{load_n, store_n};
use crate::simd::{Real, Vector};
use product::multiply;

/// Which rows belong to which step, and in which order steps are taken.
#[derive(Clone, Copy)]
struct Sequence {
    /// Sequences alive at each step, then the first row of each step; null: all are, at all of them.
    sizes: *const i32,
    steps: usize,
    batch: usize,
    hidden: usize,
    reverse: bool,
}

/// One step of a sequence. "Before" and "after" are meant in the order in which the layer takes the steps.
struct Step {
    hidden: usize,
    row: usize,
    /// What a gradient's stride from step to step is multiplied by: the step, of packed sequences its first row.
    place: usize,
    /// The sequences of the range that are there.
    lo: usize,
    hi: usize,
    /// The step before, where the state comes from: sequences from `before_count` on start here.
    before_row: usize,
    before_count: usize,
    /// Sequences from here on end at this step.
    after_count: usize,
}

impl Sequence {
    fn new(sizes: *const i32, steps: usize, batch: usize, hidden: usize, reverse: u32) -> Self {
        Sequence {
            sizes,
            steps,
            batch,
            hidden,
            reverse: reverse != 0,
        }
    }

    unsafe fn size(&self, t: usize) -> usize {
        if t >= self.steps {
            0 // also before the first step, as −1 wraps
        } else if self.sizes.is_null() {
            self.batch
        } else {
            *self.sizes.add(t) as usize
        }
    }

    unsafe fn row(&self, t: usize) -> usize {
        if t >= self.steps {
            0
        } else if self.sizes.is_null() {
            t * self.batch
        } else {
            *self.sizes.add(self.steps + t) as usize
        }
    }

    /// The `i`-th step that the layer takes, of the sequences `begin..end`.
    unsafe fn step(&self, i: usize, begin: usize, end: usize) -> Step {
        let (t, before, after) = if self.reverse {
            let t = self.steps - 1 - i;
            (t, t + 1, t.wrapping_sub(1))
        } else {
            (i, i.wrapping_sub(1), i + 1)
        };
        Step {
            hidden: self.hidden,
            row: self.row(t),
            place: if self.sizes.is_null() { t } else { self.row(t) },
            lo: begin,
            hi: end.min(self.size(t)).max(begin),
            before_row: self.row(before),
            before_count: self.size(before),
            after_count: self.size(after),
        }
    }

    /// Calls `f` for each step, in the order of the layer.
    #[inline(always)]
    unsafe fn forward(&self, begin: usize, end: usize, mut f: impl FnMut(&Step)) {
        let mut i = 0;
        while i < self.steps {
            f(&self.step(i, begin, end));
            i += 1;
        }
    }

    /// The other way round.
    #[inline(always)]
    unsafe fn backward(&self, begin: usize, end: usize, mut f: impl FnMut(&Step)) {
        let mut i = self.steps;
        while i > 0 {
            i -= 1;
            f(&self.step(i, begin, end));
        }
    }
}

impl Step {
    /// The state of sequence `b` before this step: in `y`, or the initial one.
    #[inline(always)]
    unsafe fn state<T: Real>(&self, y: *const T, initial: *const T, b: usize) -> Optional<T> {
        if b < self.before_count {
            Optional::new(y, (self.before_row + b) * self.hidden)
        } else {
            Optional::new(initial, b * self.hidden)
        }
    }

    /// gates (+)= h Wᵀ, h the states before the step. Without `add` the rows that start from zeros are not written.
    unsafe fn recur<T: Real>(&self, gates: Rows<T>, columns: usize, add: bool, y: *const T, h0: *const T, weight: *const T) {
        let Step { hidden, lo, hi, .. } = *self;
        let split = self.before_count.max(lo).min(hi);
        let product = |from: usize, to: usize, h: *const T| {
            multiply(
                gates.at(self.row + from),
                gates.stride,
                h,
                hidden,
                weight,
                to - from,
                columns,
                hidden,
                add,
            )
        };
        if split > lo {
            product(lo, split, y.add((self.before_row + lo) * hidden));
        }
        if hi > split && !h0.is_null() {
            product(split, hi, h0.add(split * hidden));
        }
    }

    /// gh (=|+=) d W: the gradient of the states before the step, given `d`, that of `columns` sums. Without an initial state
    /// nobody wants it of those who start here.
    unsafe fn recur_grad<T: Real>(&self, gh: *mut T, add: bool, d: Rows<T>, columns: usize, weight: *const T, initial: bool) {
        let Step { hidden, lo, .. } = *self;
        let hi = if initial { self.hi } else { self.hi.min(self.before_count).max(lo) };
        let d_row = d.at(self.row + lo);
        multiply(gh.add(lo * hidden), hidden, d_row, d.stride, weight, hi - lo, hidden, columns, add);
    }

    /// The states of the sequences that end at this step.
    unsafe fn keep_last<T: Real>(&self, last: *mut T, y: *const T) {
        let mut b = self.lo.max(self.after_count);
        while b < self.hi {
            copy_row(last.add(b * self.hidden), y.add((self.row + b) * self.hidden), self.hidden);
            b += 1;
        }
    }
}

/// The gradient of the output, a row per step and sequence wherever those lie; null for zeros.
#[derive(Clone, Copy)]
struct Given<T> {
    p: *const T,
    /// From one step to the next, or from row to row of packed sequences.
    step: usize,
    /// From one sequence to the next.
    row: usize,
}

impl<T: Real> Given<T> {
    #[inline(always)]
    unsafe fn at(&self, step: &Step, b: usize) -> Optional<T> {
        Optional::new(self.p, step.place * self.step + b * self.row)
    }
}

/// A matrix whose rows lie `stride` apart.
struct Rows<T> {
    p: *mut T,
    stride: usize,
}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Rows<T> {}

impl<T> Rows<T> {
    #[inline(always)]
    unsafe fn at(&self, row: usize) -> *mut T {
        self.p.add(row * self.stride)
    }
}

/// Calls `body(j, count)` for the vectors of `n` elements. `WHOLE`: `n` is a multiple of a vector, and `count` a constant.
#[inline(always)]
fn each_chunk<T: Real, const WHOLE: bool>(n: usize, mut body: impl FnMut(usize, usize)) {
    let lanes = T::V::LANES;
    let mut j = 0;
    while j < n {
        body(j, if WHOLE { lanes } else { lanes.min(n - j) });
        j += lanes;
    }
}

/// Calls `f::<T, WHOLE>(…)` with what `each_chunk` wants to know: a branch in its loop would double its time.
macro_rules! by_width {
    ($n:expr, $f:ident::<$t:ident>($($arg:expr),* $(,)?)) => {
        if $n % <$t::V as $crate::simd::Vector>::LANES == 0 { $f::<$t, true>($($arg),*) } else { $f::<$t, false>($($arg),*) }
    };
}
pub(crate) use by_width;

static ZEROS: [f64; 2] = [0.0; 2];

/// A row that may be missing: then it is zeros, without a branch in the loop.
#[derive(Clone, Copy)]
struct Optional<T> {
    p: *const T,
    step: usize,
}

impl<T: Real> Optional<T> {
    /// `p` from element `at` on, or zeros for null.
    #[inline(always)]
    unsafe fn new(p: *const T, at: usize) -> Self {
        if p.is_null() {
            Optional {
                p: ZEROS.as_ptr().cast(),
                step: 0,
            }
        } else {
            Optional { p: p.add(at), step: 1 }
        }
    }
    #[inline(always)]
    unsafe fn load(&self, j: usize, count: usize) -> T::V {
        load_n(self.p.add(j * self.step), count)
    }
}

/// x = f(x + bias), element by element: in a loop of its own, so that the processor works on many elements at once.
/// With all functions of a gate in one loop it waits for each most of the time.
#[inline(always)]
unsafe fn activate<T: Real, const WHOLE: bool>(x: *mut T, bias: Optional<T>, n: usize, f: impl Fn(T::V) -> T::V) {
    each_chunk::<T, WHOLE>(n, |j, count| {
        store_n(f(load_n(x.add(j), count).add(bias.load(j, count))), x.add(j), count)
    });
}

/// to[..n] = from[..n], zeros if that is null.
unsafe fn copy_row<T: Real>(to: *mut T, from: *const T, n: usize) {
    let from = Optional::new(from, 0);
    each_chunk::<T, false>(n, |j, count| store_n(from.load(j, count), to.add(j), count));
}

/// The rows `begin..end` of a gradient of the state: what came for the final one, zeros if nothing did.
unsafe fn start_gradient<T: Real>(g: *mut T, last: *const T, hidden: usize, begin: usize, end: usize) {
    let from = if last.is_null() { last } else { last.add(begin * hidden) };
    copy_row(g.add(begin * hidden), from, (end - begin) * hidden);
}

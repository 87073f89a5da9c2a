//! Matrix times vector, where packing would cost more than the product. What it costs is to read the matrix, so that is
//! read once, along its lines.

use super::operand::Scratch;
use super::{Epilogue, Strided};
use crate::simd::{Real, Vector};
use crate::tuning::VECTOR_BLOCK as BLOCK;

/// y[i] (=|+=) sum over k of matrix[i, k] x[k] for i in `begin..end`, y with stride `step`.
#[inline(never)]
pub(crate) unsafe fn matrix_vector<T: Real>(
    y: *mut T,
    step: usize,
    matrix: &Strided<T>,
    x: &Strided<T>,
    begin: usize,
    end: usize,
    k: usize,
    epilogue: &Epilogue<T>,
    bias_stride: usize,
) {
    let mut scratch = Scratch::<[T; BLOCK]>::new();
    let in_place = step == 1 && !epilogue.accumulate;
    let plain = in_place && epilogue.bias.is_null() && !epilogue.relu;
    let mut i = begin;
    while i < end {
        let count = BLOCK.min(end - i);
        let sums: *mut T = if in_place { y.add(i) } else { scratch.at() };
        let row = matrix.p.offset(i as isize * matrix.lane);
        if matrix.lane == 1 && matrix.k != 1 {
            add_lines(sums, count, row, matrix.k, x, k);
        } else {
            dot_each(sums, count, row, matrix, x, k);
        }
        let mut l = if plain { count } else { 0 };
        while l < count {
            let p = y.add((i + l) * step);
            let mut v = *sums.add(l);
            if epilogue.accumulate {
                v = *p + v;
            }
            if !epilogue.bias.is_null() {
                v = v + *epilogue.bias.add((i + l) * bias_stride);
            }
            if epilogue.relu {
                v = v.vmax(T::ZERO);
            }
            *p = v;
            l += 1;
        }
        i += count;
    }
}

/// The sums of lines along the lanes, each with its factor. The lines that are added together lie a quarter of the matrix
/// apart, so that each of the four goes on in the next line where it ended in this: processors read ahead in four long
/// runs, where in four lines one below the other they would begin anew in every line.
#[inline(always)]
unsafe fn add_lines<T: Real>(sums: *mut T, count: usize, line: *const T, stride: isize, x: &Strided<T>, k: usize) {
    let mut l = 0;
    while l < count {
        *sums.add(l) = T::ZERO;
        l += 1;
    }
    let quarter = k / 4;
    let mut p = 0;
    while p < quarter {
        let (line, x_at) = (line.offset(p as isize * stride), x.p.offset(p as isize * x.k));
        add_some::<T, 4>(sums, count, line, quarter as isize * stride, x_at, quarter as isize * x.k);
        p += 1;
    }
    p *= 4;
    while p < k {
        add_some::<T, 1>(sums, count, line.offset(p as isize * stride), 0, x.p.offset(p as isize * x.k), 0);
        p += 1;
    }
}

/// Adds L lines, `apart` elements from each other, with factors that are `x_apart` elements from each other.
#[inline(always)]
unsafe fn add_some<T: Real, const L: usize>(sums: *mut T, count: usize, line: *const T, apart: isize, x: *const T, x_apart: isize) {
    let lanes = T::V::LANES;
    let mut factors = [T::ZERO; L];
    let mut lines = [line; L];
    let mut p = 0;
    while p < L {
        factors[p] = *x.offset(p as isize * x_apart);
        lines[p] = line.offset(p as isize * apart);
        p += 1;
    }
    // The offset within a step is added last: so it is a part of the instruction.
    let add = |l: usize, offset: usize| {
        let to = sums.add(l).add(offset);
        let mut sum = T::V::load(to);
        let mut p = 0;
        while p < L {
            sum = T::V::load(lines[p].add(l).add(offset)).madd(T::V::splat(factors[p]), sum);
            p += 1;
        }
        sum.store(to);
    };
    let mut l = 0;
    while l + 4 * lanes <= count {
        add(l, 0);
        add(l, lanes);
        add(l, 2 * lanes);
        add(l, 3 * lanes);
        l += 4 * lanes;
    }
    while l + lanes <= count {
        add(l, 0);
        l += lanes;
    }
    while l < count {
        let mut sum = *sums.add(l);
        let mut p = 0;
        while p < L {
            sum = (*lines[p].add(l)).madd(factors[p], sum);
            p += 1;
        }
        *sums.add(l) = sum;
        l += 1;
    }
}

/// The dot product of each row with x.
#[inline(always)]
unsafe fn dot_each<T: Real>(sums: *mut T, count: usize, row: *const T, matrix: &Strided<T>, x: &Strided<T>, k: usize) {
    let lanes = T::V::LANES;
    let mut scratch = Scratch::<[T; BLOCK]>::new();
    let mut done = 0;
    loop {
        let depth = BLOCK.min(k - done);
        let mut part = x.p.offset(done as isize * x.k);
        if x.k != 1 {
            let copy: *mut T = scratch.at();
            let mut p = 0;
            while p < depth {
                *copy.add(p) = *part.offset(p as isize * x.k);
                p += 1;
            }
            part = copy;
        }
        let at = |i: usize| row.offset(i as isize * matrix.lane + done as isize * matrix.k);
        let mut i = 0;
        if matrix.k == 1 {
            // As many rows as a vector has lanes give one vector of sums.
            while i + lanes <= count {
                let mut four = [T::V::splat(T::ZERO); 4];
                if lanes == 4 {
                    dots::<T, 4>(four.as_mut_ptr(), at(i), matrix.lane, part, depth);
                } else {
                    dots::<T, 2>(four.as_mut_ptr(), at(i), matrix.lane, part, depth);
                }
                let sum = T::V::sum_each(four.as_ptr());
                let to = sums.add(i);
                (if done > 0 { T::V::load(to).add(sum) } else { sum }).store(to);
                i += lanes;
            }
        }
        while i < count {
            let sum = if matrix.k == 1 {
                let mut one = T::V::splat(T::ZERO);
                dots::<T, 1>(&mut one, at(i), matrix.lane, part, depth);
                one.sum_lanes()
            } else {
                strided_dot(at(i), matrix.k, part, depth)
            };
            let to = sums.add(i);
            *to = if done > 0 { *to + sum } else { sum };
            i += 1;
        }
        done += depth;
        if done >= k {
            break;
        }
    }
}

/// R dot products with rows that are contiguous along k, as vectors that remain to be summed.
#[inline(always)]
unsafe fn dots<T: Real, const R: usize>(out: *mut T::V, a: *const T, lane: isize, x: *const T, depth: usize) {
    let lanes = T::V::LANES;
    let mut acc = [[T::V::splat(T::ZERO); 2]; R];
    let mut p = 0;
    while p + 2 * lanes <= depth {
        let (x0, x1) = (T::V::load(x.add(p)), T::V::load(x.add(p + lanes)));
        let mut i = 0;
        while i < R {
            let row = a.offset(i as isize * lane).add(p);
            acc[i][0] = T::V::load(row).madd(x0, acc[i][0]);
            acc[i][1] = T::V::load(row.add(lanes)).madd(x1, acc[i][1]);
            i += 1;
        }
        p += 2 * lanes;
    }
    if p + lanes <= depth {
        let xv = T::V::load(x.add(p));
        let mut i = 0;
        while i < R {
            acc[i][0] = T::V::load(a.offset(i as isize * lane).add(p)).madd(xv, acc[i][0]);
            i += 1;
        }
        p += lanes;
    }
    if p < depth {
        let xv = T::V::load_partial(x.add(p), depth - p);
        let mut i = 0;
        while i < R {
            acc[i][1] = T::V::load_partial(a.offset(i as isize * lane).add(p), depth - p).madd(xv, acc[i][1]);
            i += 1;
        }
    }
    let mut i = 0;
    while i < R {
        *out.add(i) = acc[i][0].add(acc[i][1]);
        i += 1;
    }
}

#[inline(always)]
unsafe fn strided_dot<T: Real>(a: *const T, k: isize, x: *const T, depth: usize) -> T {
    let mut sum = T::ZERO;
    let mut p = 0;
    while p < depth {
        sum = (*a.offset(p as isize * k)).madd(*x.add(p), sum);
        p += 1;
    }
    sum
}

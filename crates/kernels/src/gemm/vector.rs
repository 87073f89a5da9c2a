//! Matrix times vector, where packing would cost more than the product. What it costs is to read the matrix, so that is
//! read once, along its lines.

use super::operand::Scratch;
use super::{Epilogue, Strided};
use crate::reduce::load_n;
use crate::simd::{Real, Vector};
use crate::tuning::{VECTOR_BLOCK as BLOCK, VECTOR_SUMS as SUMS, VECTOR_TURN as TURN};
use crate::unary::map1;

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
    let mut scratch = Scratch::<([T; BLOCK], [u8; PAGE])>::new();
    let lines = matrix.lane == 1 && matrix.k != 1;
    let plain = step == 1 && !epilogue.accumulate && epilogue.bias.is_null() && !epilogue.relu;
    let mut i = begin;
    while i < end {
        let count = BLOCK.min(end - i);
        let row = matrix.p.offset(i as isize * matrix.lane);
        let sums = if lines {
            let sums = far_in_page(scratch.at(), row);
            add_lines(sums, count, row, matrix.k, x, k);
            sums
        } else {
            let sums = if plain { y.add(i) } else { scratch.at() };
            dot_each(sums, count, row, matrix, x, k);
            sums
        };
        if !plain {
            finish(y, step, i, sums, count, epilogue, bias_stride);
        } else if lines {
            map1(y.add(i), sums, 0, count, |v| v);
        }
        i += count;
    }
}

/// What processors look at of two addresses, at first, to see whether a load needs what a store before it has not yet written.
const PAGE: usize = 4096;

/// The place in `space` whose distance in a page to `other` is half a page: loads from there on and stores here, side by
/// side, are not taken for the same. Otherwise a row times a matrix takes 3 to 5 % longer, by chance.
#[inline(always)]
unsafe fn far_in_page<T>(space: *mut u8, other: *const T) -> *mut T {
    let away = (other as usize + PAGE / 2).wrapping_sub(space as usize) % PAGE;
    space.add(away / 64 * 64).cast()
}

/// y, with stride `step`, at `begin` and behind, from its sums and what comes with them.
#[inline(always)]
unsafe fn finish<T: Real>(y: *mut T, step: usize, begin: usize, sums: *const T, count: usize, epilogue: &Epilogue<T>, bias_stride: usize) {
    let mut l = 0;
    while l < count {
        let i = begin + l;
        let p = y.add(i * step);
        let mut v = *sums.add(l);
        if epilogue.accumulate {
            v = *p + v;
        }
        if !epilogue.bias.is_null() {
            v = v + *epilogue.bias.add(i * bias_stride);
        }
        if epilogue.relu {
            v = v.vmax(T::ZERO);
        }
        *p = v;
        l += 1;
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
    let mut from_sums = [0; L];
    let mut p = 0;
    while p < L {
        factors[p] = *x.offset(p as isize * x_apart);
        from_sums[p] = (line.offset(p as isize * apart) as usize).wrapping_sub(sums as usize);
        p += 1;
    }
    // One pointer moves, and all else lies at a fixed distance from it: more would not fit the processor's registers.
    let mut to = sums;
    let (whole, end) = (sums.add(count / (TURN * lanes) * (TURN * lanes)), sums.add(count));
    while to < whole {
        let lines = from_sums.map(|d| beside(to, d));
        let mut u = 0;
        while u < TURN {
            add_vector::<T, L>(to.add(u * lanes), lines.map(|line| line.add(u * lanes)), factors);
            u += 1;
        }
        to = to.add(TURN * lanes);
    }
    let vectors = sums.add(count / lanes * lanes);
    while to < vectors {
        add_vector::<T, L>(to, from_sums.map(|d| beside(to, d)), factors);
        to = to.add(lanes);
    }
    while to < end {
        let mut sum = *to;
        let mut p = 0;
        while p < L {
            sum = (*beside(to, from_sums[p])).madd(factors[p], sum);
            p += 1;
        }
        *to = sum;
        to = to.add(1);
    }
}

#[inline(always)]
fn beside<T>(to: *mut T, distance: usize) -> *const T {
    (to as usize).wrapping_add(distance) as *const T
}

#[inline(always)]
unsafe fn add_vector<T: Real, const L: usize>(to: *mut T, lines: [*const T; L], factors: [T; L]) {
    let mut sum = T::V::load(to);
    let mut p = 0;
    while p < L {
        sum = T::V::load(lines[p]).madd(T::V::splat(factors[p]), sum);
        p += 1;
    }
    sum.store(to);
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
            // As many rows as a vector has lanes give one vector of sums; far apart, as in `add_lines`.
            let part_of_rows = count / lanes;
            while i < part_of_rows {
                let mut four = [T::V::splat(T::ZERO); 4];
                let apart = part_of_rows as isize * matrix.lane;
                if lanes == 4 {
                    dots::<T, 4>(four.as_mut_ptr(), at(i), apart, part, depth);
                } else {
                    dots::<T, 2>(four.as_mut_ptr(), at(i), apart, part, depth);
                }
                let mut each = [T::ZERO; 4];
                T::V::sum_each(four.as_ptr()).store(each.as_mut_ptr());
                let mut r = 0;
                while r < lanes {
                    let to = sums.add(i + r * part_of_rows);
                    *to = if done > 0 { *to + each[r] } else { each[r] };
                    r += 1;
                }
                i += 1;
            }
            i *= lanes;
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
    let mut acc = [[T::V::splat(T::ZERO); SUMS]; R];
    let mut p = 0;
    while p + SUMS * lanes <= depth {
        let mut s = 0;
        while s < SUMS {
            let xv = T::V::load(x.add(p + s * lanes));
            let mut i = 0;
            while i < R {
                acc[i][s] = T::V::load(a.offset(i as isize * lane).add(p + s * lanes)).madd(xv, acc[i][s]);
                i += 1;
            }
            s += 1;
        }
        p += SUMS * lanes;
    }
    while p < depth {
        let count = lanes.min(depth - p);
        let xv = load_n(x.add(p), count);
        let mut i = 0;
        while i < R {
            acc[i][0] = load_n(a.offset(i as isize * lane).add(p), count).madd(xv, acc[i][0]);
            i += 1;
        }
        p += lanes;
    }
    let mut i = 0;
    while i < R {
        *out.add(i) = if SUMS == 2 { acc[i][0].add(acc[i][SUMS - 1]) } else { acc[i][0] };
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

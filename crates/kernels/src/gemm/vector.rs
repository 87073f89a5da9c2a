//! Matrix times vector, where packing would cost more than the product.

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
        let block = matrix.p.offset(done as isize * matrix.k);
        let (first, last) = (done == 0, done + depth >= k);
        let put = |i: usize, sum: T| {
            let p = y.add(i * step);
            let mut v = if first && !epilogue.accumulate { sum } else { *p + sum };
            if last {
                if !epilogue.bias.is_null() {
                    v = v + *epilogue.bias.add(i * bias_stride);
                }
                if epilogue.relu {
                    v = v.vmax(T::ZERO);
                }
            }
            *p = v;
        };
        let row = |i: usize| block.offset(i as isize * matrix.lane);
        let mut i = begin;
        if matrix.k == 1 {
            while i + 4 <= end {
                let sums = dots::<T, 4>(row(i), matrix.lane, part, depth);
                put(i, sums[0]);
                put(i + 1, sums[1]);
                put(i + 2, sums[2]);
                put(i + 3, sums[3]);
                i += 4;
            }
            while i < end {
                put(i, dots::<T, 1>(row(i), matrix.lane, part, depth)[0]);
                i += 1;
            }
        } else if matrix.lane == 1 {
            while i + 4 * T::V::LANES <= end {
                columns::<T, 4>(row(i), matrix.k, part, depth, |l, sum| put(i + l, sum));
                i += 4 * T::V::LANES;
            }
            while i + T::V::LANES <= end {
                columns::<T, 1>(row(i), matrix.k, part, depth, |l, sum| put(i + l, sum));
                i += T::V::LANES;
            }
        }
        while i < end {
            put(i, strided_dot(row(i), matrix.k, part, depth));
            i += 1;
        }
        done += depth;
        if done >= k {
            break;
        }
    }
}

/// R dot products with rows that are contiguous along k.
#[inline(always)]
unsafe fn dots<T: Real, const R: usize>(a: *const T, lane: isize, x: *const T, depth: usize) -> [T; R] {
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
    let mut out = [T::ZERO; R];
    let mut i = 0;
    while i < R {
        let mut sum = acc[i][0].add(acc[i][1]).sum_lanes();
        let row = a.offset(i as isize * lane);
        let mut q = p;
        while q < depth {
            sum = (*row.add(q)).madd(*x.add(q), sum);
            q += 1;
        }
        out[i] = sum;
        i += 1;
    }
    out
}

/// N vectors of neighbouring sums; `put` takes each with its place.
#[inline(always)]
unsafe fn columns<T: Real, const N: usize>(a: *const T, k: isize, x: *const T, depth: usize, put: impl Fn(usize, T)) {
    let lanes = T::V::LANES;
    let mut acc = [T::V::splat(T::ZERO); N];
    let mut p = 0;
    while p < depth {
        let xv = T::V::splat(*x.add(p));
        let column = a.offset(p as isize * k);
        let mut j = 0;
        while j < N {
            acc[j] = T::V::load(column.add(j * lanes)).madd(xv, acc[j]);
            j += 1;
        }
        p += 1;
    }
    let mut j = 0;
    while j < N {
        let mut l = 0;
        while l < lanes {
            put(j * lanes + l, acc[j].lane(l));
            l += 1;
        }
        j += 1;
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

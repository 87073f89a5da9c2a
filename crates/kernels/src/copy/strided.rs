//! out = x with any strides on both sides, by element size.

use crate::elementwise::walk::{quotient, walk};
use crate::gemm::Scratch;
use crate::simd::{Real, Vector};
use crate::tuning::{COPY_COLS, COPY_PITCH, COPY_ROWS};

/// meta = [ndim, shape…, out strides…, x strides…].
#[inline(always)]
unsafe fn copy_nd<A: Copy>(out: *mut A, x: *const A, meta: *const i32, begin: usize, end: usize) {
    walk::<2>(
        meta,
        2,
        begin,
        end,
        |_, [d_out, dx], [(out_rows, out_cols), (x_rows, x_cols)], from, to| {
            let (out, x) = (out.wrapping_offset(d_out), x.wrapping_offset(dx));
            let cols = if *meta > 0 { *meta.add(*meta as usize) as usize } else { 1 };
            let row = |r: usize, c0: usize, c1: usize| {
                let (r, c) = (r as isize, c0 as isize);
                let out = out.wrapping_offset(r * out_rows + c * out_cols);
                let x = x.wrapping_offset(r * x_rows + c * x_cols);
                copy_row(out, out_cols, x, x_cols, c1 - c0);
            };
            // Part of a row, whole rows, part of a row.
            let (first, last) = (quotient(from, cols), quotient(to, cols));
            let (c0, c1) = (from - first * cols, to - last * cols);
            if first == last {
                return row(first, c0, c1);
            }
            if c0 > 0 {
                row(first, c0, cols);
            }
            let whole = first + (c0 > 0) as usize;
            let transposed = (out_cols == 1 && x_rows == 1 && x_cols != 1) || (x_cols == 1 && out_rows == 1 && out_cols != 1);
            if transposed {
                transpose(out, (out_rows, out_cols), x, (x_rows, x_cols), whole, last, cols);
            } else {
                let mut r = whole;
                while r < last {
                    row(r, 0, cols);
                    r += 1;
                }
            }
            if c1 > 0 {
                row(last, 0, c1);
            }
        },
    );
}

#[inline(always)]
unsafe fn copy_row<A: Copy>(out: *mut A, so: isize, x: *const A, sx: isize, n: usize) {
    let mut i = 0;
    if so == 1 && sx == 1 {
        while i < n {
            *out.add(i) = *x.add(i);
            i += 1;
        }
    } else if so == 1 && sx == 0 {
        let v = *x;
        while i < n {
            *out.add(i) = v;
            i += 1;
        }
    } else {
        while i < n {
            *out.wrapping_offset(i as isize * so) = *x.wrapping_offset(i as isize * sx);
            i += 1;
        }
    }
}

/// Rows r0..r1 where the sides are contiguous along different dimensions: tile by tile, or each line of the cache
/// would be fetched once per element.
#[inline(never)]
unsafe fn transpose<A: Copy>(out: *mut A, so: (isize, isize), x: *const A, sx: (isize, isize), r0: usize, r1: usize, cols: usize) {
    let rows = r1 - r0;
    let (out, x) = (out.wrapping_offset(r0 as isize * so.0), x.wrapping_offset(r0 as isize * sx.0));
    if so.1 == 1 {
        tiles(out, so.0, x, sx.1, rows, cols)
    } else {
        tiles(out, so.1, x, sx.0, cols, rows)
    }
}

/// out[i · so + k] = x[k · sx + i] for i < rows, k < cols. A tile is turned within a buffer, so that both sides see
/// nothing but runs along their lines: where these lie a power of two apart, they share few sets of the cache.
/// 4-byte elements go through registers, four by four.
#[inline(always)]
unsafe fn tiles<A: Copy>(out: *mut A, so: isize, x: *const A, sx: isize, rows: usize, cols: usize) {
    let mut scratch = Scratch::<[A; COPY_ROWS * COPY_PITCH]>::new();
    let turned: *mut A = scratch.at();
    let mut r = 0;
    while r < rows {
        let height = COPY_ROWS.min(rows - r);
        let mut c = 0;
        while c < cols {
            let width = COPY_COLS.min(cols - c);
            let to = out.wrapping_offset(r as isize * so).wrapping_add(c);
            // What is shorter than a line of the cache is written where it belongs.
            let narrow = width * core::mem::size_of::<A>() < 64;
            let (tile, pitch) = if narrow { (to, so as usize) } else { (turned, COPY_PITCH) };
            let mut k = 0;
            while k < width {
                let four = core::mem::size_of::<A>() == 4 && k + 4 <= width;
                let from = x.wrapping_offset((c + k) as isize * sx).wrapping_add(r);
                let mut i = 0;
                while four && i + 4 <= height {
                    let to = tile.wrapping_add(i * pitch + k);
                    <f32 as Real>::V::transpose(from.wrapping_add(i).cast(), sx, to.cast(), pitch);
                    i += 4;
                }
                let lines = if four { 4 } else { 1 };
                while i < height {
                    let mut j = 0;
                    while j < lines {
                        *tile.wrapping_add(i * pitch + k + j) = *from.wrapping_add(i).wrapping_offset(j as isize * sx);
                        j += 1;
                    }
                    i += 1;
                }
                k += lines;
            }
            let mut i = 0;
            while !narrow && i < height {
                copy_row(to.wrapping_offset(i as isize * so), 1, turned.add(i * COPY_PITCH), 1, width);
                i += 1;
            }
            c += width;
        }
        r += height;
    }
}

macro_rules! by_size {
    ($($t:ty: $name:ident)+) => {$(
        #[no_mangle]
        pub unsafe extern "C" fn $name(out: *mut $t, x: *const $t, meta: *const i32, begin: usize, end: usize) {
            copy_nd(out, x, meta, begin, end)
        }
    )+};
}

by_size!(u8: copy_nd_8 u32: copy_nd_32 u64: copy_nd_64);

//! out = condition ? x : y, by element size: the bits are copied, whatever they mean.

use super::walk::walk;

#[inline(always)]
unsafe fn select<A: Copy>(
    out: *mut A,
    condition: *const u8,
    x: *const A,
    y: *const A,
    sc: usize,
    sx: usize,
    sy: usize,
    begin: usize,
    end: usize,
) {
    let mut i = begin;
    while i < end {
        // Both are read, so that the loop has no branch.
        let (a, b) = (*x.add(i * sx), *y.add(i * sy));
        *out.add(i) = if *condition.add(i * sc) != 0 { a } else { b };
        i += 1;
    }
}

#[inline(always)]
unsafe fn select_nd<A: Copy>(out: *mut A, condition: *const u8, x: *const A, y: *const A, meta: *const i32, begin: usize, end: usize) {
    walk::<3>(meta, 1, begin, end, |at, [dc, dx, dy], [(_, sc), (_, sx), (_, sy)], from, to| {
        let mut i = from;
        while i < to {
            let k = i as isize;
            let (a, b) = (*x.wrapping_offset(dx + k * sx), *y.wrapping_offset(dy + k * sy));
            *out.add(at + i - from) = if *condition.wrapping_offset(dc + k * sc) != 0 { a } else { b };
            i += 1;
        }
    });
}

macro_rules! by_size {
    ($($t:ty: $name:ident $name_nd:ident)+) => {$(
        /// Contiguous; sc, sx and sy are 1, or 0 for an operand of one element.
        #[no_mangle]
        pub unsafe extern "C" fn $name(
            out: *mut $t, condition: *const u8, x: *const $t, y: *const $t, sc: usize, sx: usize, sy: usize, begin: usize, end: usize,
        ) {
            if sc == 1 && sx == 1 && sy == 1 {
                select(out, condition, x, y, 1, 1, 1, begin, end)
            } else {
                select(out, condition, x, y, sc, sx, sy, begin, end)
            }
        }
        /// meta = [ndim, shape…, condition strides…, x strides…, y strides…].
        #[no_mangle]
        pub unsafe extern "C" fn $name_nd(
            out: *mut $t, condition: *const u8, x: *const $t, y: *const $t, meta: *const i32, begin: usize, end: usize,
        ) {
            select_nd(out, condition, x, y, meta, begin, end)
        }
    )+};
}

by_size!(u8: where_8 where_nd_8 u32: where_32 where_nd_32 u64: where_64 where_nd_64);

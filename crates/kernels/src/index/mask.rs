//! Selection by a mask of bytes. What comes out where depends on all before it, so these run whole.

use super::moves;

/// Elements of `mask` that are not 0: the size of what the other kernels here write.
#[no_mangle]
pub unsafe extern "C" fn count_true(mask: *const u8, n: usize) -> usize {
    let (mut count, mut i) = (0, 0);
    while i < n {
        count += (*mask.add(i) != 0) as usize;
        i += 1;
    }
    count
}

#[inline(always)]
unsafe fn each_true(mask: *const u8, n: usize, mut body: impl FnMut(usize, usize)) {
    let (mut count, mut i) = (0, 0);
    while i < n {
        if *mask.add(i) != 0 {
            body(count, i);
            count += 1;
        }
        i += 1;
    }
}

/// The coordinates of the true elements of a mask of the given shape (n elements in all), one row of `dims` each, in order.
#[no_mangle]
pub unsafe extern "C" fn nonzero(out: *mut i32, mask: *const u8, shape: *const i32, dims: usize, n: usize) {
    each_true(mask, n, |row, at| {
        let (mut rest, mut d) = (at as u32, dims);
        while d > 0 {
            d -= 1;
            let size = *shape.add(d) as u32;
            *out.add(row * dims + d) = rest.checked_rem(size).unwrap_or(0) as i32;
            rest = rest.checked_div(size).unwrap_or(0);
        }
    });
}

moves! {
    /// The elements of x where the mask is true, in order.
    masked_select_8 masked_select_32 masked_select_64 =
    fn masked_select<E>(out: *mut E, x: *const E, mask: *const u8, n: usize) {
        each_true(mask, n, |k, at| *out.add(k) = *x.add(at))
    }

    /// Puts the elements of src, in order, where the mask is true; the gradient of masked_select when out was 0.
    masked_scatter_8 masked_scatter_32 masked_scatter_64 =
    fn masked_scatter<E>(out: *mut E, src: *const E, mask: *const u8, n: usize) {
        each_true(mask, n, |k, at| *out.add(at) = *src.add(k))
    }
}

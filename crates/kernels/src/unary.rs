//! out = f(x), elementwise.

use crate::simd::{Real, Vector};

/// out = f(x) on `begin..end`; the tail goes through the same vector code.
#[inline(always)]
pub(crate) unsafe fn map1<T: Real>(out: *mut T, x: *const T, begin: usize, end: usize, f: impl Fn(T::V) -> T::V) {
    let mut i = begin;
    while i + T::V::LANES <= end {
        f(T::V::load(x.add(i))).store(out.add(i));
        i += T::V::LANES;
    }
    if i < end {
        f(T::V::load_partial(x.add(i), end - i)).store_partial(out.add(i), end - i);
    }
}

kernel! {
    /// out = max(x, 0). NaN stays NaN.
    fn relu<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
        map1(out, x, begin, end, |v| v.max(Vector::splat(T::ZERO)))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn relu_keeps_nan_and_clips() {
        let x = [-1.0f32, 0.0, 2.0, f32::NAN, -0.5];
        let mut out = [9.0f32; 5];
        unsafe { super::relu(out.as_mut_ptr(), x.as_ptr(), 0, 5) };
        assert_eq!(out[..3], [0.0, 0.0, 2.0]);
        assert!(out[3].is_nan());
        assert_eq!(out[4], 0.0);
    }
}

//! out = f(x), elementwise. `out` may be `x`.

mod activations;
mod basic;
mod gradients;
#[cfg(test)]
mod tests;
mod whole;

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

/// [`map1`] for a long `f`: its code stands once, for the body and the tail.
#[inline(always)]
pub(crate) unsafe fn map1_long<T: Real>(out: *mut T, x: *const T, begin: usize, end: usize, f: impl Fn(T::V) -> T::V) {
    let mut i = begin;
    while i < end {
        let n = end - i;
        let full = n >= T::V::LANES;
        let v = f(if full {
            T::V::load(x.add(i))
        } else {
            T::V::load_partial(x.add(i), n)
        });
        if full {
            v.store(out.add(i));
        } else {
            v.store_partial(out.add(i), n);
        }
        i += T::V::LANES;
    }
}

/// out = f(x, y) on `begin..end`, for operands of one shape.
#[inline(always)]
pub(crate) unsafe fn map2<T: Real>(out: *mut T, x: *const T, y: *const T, begin: usize, end: usize, f: impl Fn(T::V, T::V) -> T::V) {
    let mut i = begin;
    while i < end {
        let n = end - i;
        let full = n >= T::V::LANES;
        let load = |p: *const T| {
            if full {
                T::V::load(p.add(i))
            } else {
                T::V::load_partial(p.add(i), n)
            }
        };
        let v = f(load(x), load(y));
        if full {
            v.store(out.add(i));
        } else {
            v.store_partial(out.add(i), n);
        }
        i += T::V::LANES;
    }
}

/// The constant `x` in every lane.
#[inline(always)]
fn c<V: Vector>(x: f64) -> V {
    V::splat(V::E::from_f64(x))
}

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
    let lanes = T::V::LANES;
    let mut i = begin;
    while i + 4 * lanes <= end {
        let (x, out) = (x.add(i), out.add(i));
        let v = [0, 1, 2, 3].map(|k| f(T::V::load(x.add(k * lanes))));
        v.into_iter().enumerate().for_each(|(k, v)| v.store(out.add(k * lanes)));
        i += 4 * lanes;
    }
    while i + lanes <= end {
        f(T::V::load(x.add(i))).store(out.add(i));
        i += lanes;
    }
    if i < end {
        f(T::V::load_partial(x.add(i), end - i)).store_partial(out.add(i), end - i);
    }
}

/// [`map1`] for a long `f`: what is left of a vector is done out of line, so that constants stay in registers.
#[inline(always)]
pub(crate) unsafe fn map1_long<T: Real>(out: *mut T, x: *const T, begin: usize, end: usize, f: impl Fn(T::V) -> T::V) {
    let lanes = T::V::LANES;
    let mut i = begin;
    while i + lanes <= end {
        f(T::V::load(x.add(i))).store(out.add(i));
        i += lanes;
    }
    if i < end {
        step(out.add(i), x.add(i), end - i, &f);
    }
}

/// [`map1`] for a function with a quick form, `near`, that holds but for the lanes that `is_far` marks. `anywhere` holds for
/// all, and gives the bits of `near` where that holds. No call in the loop: constants stay in registers.
#[inline(always)]
pub(crate) unsafe fn map1_near<T: Real>(
    out: *mut T,
    x: *const T,
    begin: usize,
    end: usize,
    is_far: impl Fn(T::V) -> T::V,
    near: impl Fn(T::V) -> T::V,
    anywhere: impl Fn(T::V) -> T::V,
) {
    let lanes = T::V::LANES;
    let mut i = begin;
    while i < end {
        while i + 4 * lanes <= end {
            let (x, out) = (x.add(i), out.add(i));
            let v = [0, 1, 2, 3].map(|k| T::V::load(x.add(k * lanes)));
            let far = v.map(&is_far);
            if far[0].or(far[1]).or(far[2].or(far[3])).any() {
                break;
            }
            let v = v.map(&near);
            v.into_iter().enumerate().for_each(|(k, v)| v.store(out.add(k * lanes)));
            i += 4 * lanes;
        }
        let stop = if end - i < 4 * lanes { end } else { i + 4 * lanes };
        while i < stop {
            step(out.add(i), x.add(i), end - i, &anywhere);
            i += lanes;
        }
    }
}

/// One vector of [`map1_near`], or what is left of one, by the form that holds anywhere.
#[inline(never)]
unsafe fn step<T: Real>(out: *mut T, x: *const T, n: usize, f: &impl Fn(T::V) -> T::V) {
    if n >= T::V::LANES {
        f(T::V::load(x)).store(out);
    } else {
        f(T::V::load_partial(x, n)).store_partial(out, n);
    }
}

/// [`map1_near`] for g · f'(x), where `x` decides which form holds.
#[inline(always)]
pub(crate) unsafe fn map2_near<T: Real>(
    out: *mut T,
    g: *const T,
    x: *const T,
    begin: usize,
    end: usize,
    is_far: impl Fn(T::V) -> T::V,
    near: impl Fn(T::V, T::V) -> T::V,
    anywhere: impl Fn(T::V, T::V) -> T::V,
) {
    let lanes = T::V::LANES;
    let mut i = begin;
    while i < end {
        while i + lanes <= end {
            let v = T::V::load(x.add(i));
            if is_far(v).any() {
                break;
            }
            near(T::V::load(g.add(i)), v).store(out.add(i));
            i += lanes;
        }
        if i < end {
            step2(out.add(i), g.add(i), x.add(i), end - i, &anywhere);
            i += lanes;
        }
    }
}

#[inline(never)]
unsafe fn step2<T: Real>(out: *mut T, g: *const T, x: *const T, n: usize, f: &impl Fn(T::V, T::V) -> T::V) {
    if n >= T::V::LANES {
        f(T::V::load(g), T::V::load(x)).store(out);
    } else {
        f(T::V::load_partial(g, n), T::V::load_partial(x, n)).store_partial(out, n);
    }
}

/// out = f(x, y) on `begin..end`, for operands of one shape.
#[inline(always)]
pub(crate) unsafe fn map2<T: Real>(out: *mut T, x: *const T, y: *const T, begin: usize, end: usize, f: impl Fn(T::V, T::V) -> T::V) {
    let lanes = T::V::LANES;
    let mut i = begin;
    while i + 4 * lanes <= end {
        let (x, y, out) = (x.add(i), y.add(i), out.add(i));
        let v = [0, 1, 2, 3].map(|k| f(T::V::load(x.add(k * lanes)), T::V::load(y.add(k * lanes))));
        v.into_iter().enumerate().for_each(|(k, v)| v.store(out.add(k * lanes)));
        i += 4 * lanes;
    }
    while i + lanes <= end {
        f(T::V::load(x.add(i)), T::V::load(y.add(i))).store(out.add(i));
        i += lanes;
    }
    if i < end {
        let n = end - i;
        f(T::V::load_partial(x.add(i), n), T::V::load_partial(y.add(i), n)).store_partial(out.add(i), n);
    }
}

/// The constant `x` in every lane.
#[inline(always)]
fn c<V: Vector>(x: f64) -> V {
    V::splat(V::E::from_f64(x))
}

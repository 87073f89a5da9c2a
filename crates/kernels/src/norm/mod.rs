//! Batch and layer normalisation.

mod batch;
mod layer;

use crate::reduce::load_n;
use crate::simd::{Real, Vector};

/// p[i..i + count], or `default` everywhere if p is null.
#[inline(always)]
unsafe fn load_or<T: Real>(p: *const T, i: usize, count: usize, default: T) -> T::V {
    if p.is_null() {
        T::V::splat(default)
    } else {
        load_n(p.add(i), count)
    }
}

/// 1 / √(var + eps)
#[inline(always)]
fn rstd<V: Vector>(var: V, eps: f64) -> V {
    V::splat(V::E::ONE).div(var.add(V::splat(V::E::from_f64(eps))).sqrt())
}

#[cfg(test)]
mod tests;

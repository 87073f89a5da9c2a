//! Optimiser steps in place, one pass per parameter, in the order of PyTorch's single-tensor implementations
//! (torch/optim/sgd.py, adam.py, adamw.py, rmsprop.py), so that float32 results agree to rounding.

use crate::reduce::{each_vector, load_n, store_n};
use crate::simd::{Real, Vector};

/// Ascend instead of descend.
const MAXIMIZE: u32 = 1;
/// SGD: look ahead with the new velocity.
const NESTEROV: u32 = 2;
/// SGD: the first step, in which the velocity is the gradient itself.
const FIRST: u32 = 4;
/// Adam: weight decay shrinks the parameter instead of entering the gradient (AdamW).
const DECOUPLED: u32 = 8;

#[inline(always)]
fn splat<T: Real>(x: f64) -> T::V {
    T::V::splat(T::from_f64(x))
}

/// The gradient with its sign and, unless `decay` is 0, with decay · parameter added.
#[inline(always)]
unsafe fn gradient<T: Real>(g: *const T, p: T::V, count: usize, decay: f64, flags: u32) -> T::V {
    let g = load_n(g, count);
    let g = if flags & MAXIMIZE != 0 { g.neg() } else { g };
    if decay != 0.0 {
        g.add(splat::<T>(decay).mul(p))
    } else {
        g
    }
}

/// a + weight (b − a), from the nearer end as torch.lerp does.
#[inline(always)]
fn lerp<T: Real>(a: T::V, b: T::V, weight: f64) -> T::V {
    if weight < 0.5 {
        a.add(splat::<T>(weight).mul(b.sub(a)))
    } else {
        b.sub(b.sub(a).mul(splat::<T>(1.0 - weight)))
    }
}

kernel! {
    /// SGD on elements `begin..end`. `velocity` may be null when momentum is 0.
    /// flags: 1 maximize, 2 nesterov, 4 first step (velocity = gradient).
    fn sgd<T>(
        p: *mut T, velocity: *mut T, g: *const T,
        lr: f64, momentum: f64, dampening: f64, weight_decay: f64, flags: u32, begin: usize, end: usize,
    ) {
        each_vector::<T>(begin, end, |i, count| {
            let x = load_n(p.add(i), count);
            let mut d = gradient(g.add(i), x, count, weight_decay, flags);
            if momentum != 0.0 {
                let v = if flags & FIRST != 0 {
                    d
                } else {
                    load_n(velocity.add(i), count).mul(splat::<T>(momentum)).add(splat::<T>(1.0 - dampening).mul(d))
                };
                store_n(v, velocity.add(i), count);
                d = if flags & NESTEROV != 0 { d.add(splat::<T>(momentum).mul(v)) } else { v };
            }
            store_n(x.add(splat::<T>(-lr).mul(d)), p.add(i), count);
        })
    }

    /// Adam and AdamW on elements `begin..end`. `max_square` is null unless amsgrad.
    /// `step_size` = lr / (1 − β₁ᵗ) and `correction` = √(1 − β₂ᵗ) come from the caller in double precision.
    /// flags: 1 maximize, 8 decoupled weight decay (AdamW).
    fn adam<T>(
        p: *mut T, mean: *mut T, square: *mut T, max_square: *mut T, g: *const T,
        lr: f64, beta1: f64, beta2: f64, eps: f64, weight_decay: f64, step_size: f64, correction: f64,
        flags: u32, begin: usize, end: usize,
    ) {
        let decoupled = flags & DECOUPLED != 0 && weight_decay != 0.0;
        let l2 = if flags & DECOUPLED != 0 { 0.0 } else { weight_decay };
        each_vector::<T>(begin, end, |i, count| {
            let mut x = load_n(p.add(i), count);
            if decoupled {
                x = x.mul(splat::<T>(1.0 - lr * weight_decay));
            }
            let d = gradient(g.add(i), x, count, l2, flags);
            let m = lerp::<T>(load_n(mean.add(i), count), d, 1.0 - beta1);
            let v = load_n(square.add(i), count).mul(splat::<T>(beta2)).add(splat::<T>(1.0 - beta2).mul(d).mul(d));
            store_n(m, mean.add(i), count);
            store_n(v, square.add(i), count);
            let mut v = v;
            if !max_square.is_null() {
                v = load_n(max_square.add(i), count).max(v);
                store_n(v, max_square.add(i), count);
            }
            let scale = v.sqrt().div(splat::<T>(correction)).add(splat::<T>(eps));
            store_n(x.add(splat::<T>(-step_size).mul(m).div(scale)), p.add(i), count);
        })
    }

    /// RMSprop on elements `begin..end`. `mean` is null unless centred; `velocity` may be null when momentum is 0. flags: 1 maximize.
    fn rmsprop<T>(
        p: *mut T, square: *mut T, mean: *mut T, velocity: *mut T, g: *const T,
        lr: f64, alpha: f64, eps: f64, weight_decay: f64, momentum: f64, flags: u32, begin: usize, end: usize,
    ) {
        each_vector::<T>(begin, end, |i, count| {
            let x = load_n(p.add(i), count);
            let d = gradient(g.add(i), x, count, weight_decay, flags);
            let v = load_n(square.add(i), count).mul(splat::<T>(alpha)).add(splat::<T>(1.0 - alpha).mul(d).mul(d));
            store_n(v, square.add(i), count);
            let mut spread = v;
            if !mean.is_null() {
                let m = lerp::<T>(load_n(mean.add(i), count), d, 1.0 - alpha);
                store_n(m, mean.add(i), count);
                spread = v.sub(m.mul(m));
            }
            let scale = spread.sqrt().add(splat::<T>(eps));
            if momentum != 0.0 {
                let step = load_n(velocity.add(i), count).mul(splat::<T>(momentum)).add(d.div(scale));
                store_n(step, velocity.add(i), count);
                store_n(x.add(splat::<T>(-lr).mul(step)), p.add(i), count);
            } else {
                store_n(x.add(splat::<T>(-lr).mul(d).div(scale)), p.add(i), count);
            }
        })
    }
}

#[cfg(test)]
mod tests;

//! Tensor kernels: pure functions over raw memory.
//!
//! The contract of every exported function:
//! - output pointer first, then inputs, then sizes and scalars, then the half-open range
//!   `begin..end` of the work that this call does. Disjoint ranges may run on different threads.
//! - it allocates nothing, never panics and trusts its arguments: TypeScript has checked them.
//! - vector body and tail give the same bits, NaN and ±0 included, and so does any split of the range.
//!
//! A kernel is written once, generic over [`Real`]; [`kernel!`] exports it as `name_f32` and `name_f64`.
// On the host, for tests, std lends its square root and rounding.
#![cfg_attr(target_arch = "wasm32", no_std)]
// For what LLVM names pmin, see simd/wasm.rs.
#![cfg_attr(target_arch = "wasm32", feature(link_llvm_intrinsics, repr_simd, simd_ffi))]
#![cfg_attr(target_arch = "wasm32", allow(internal_features))]
#![allow(clippy::missing_safety_doc, clippy::too_many_arguments)]

#[macro_use]
mod kernel;
mod attention;
mod conv;
mod copy;
mod elementwise;
mod gemm;
mod index;
mod math;
mod norm;
mod optim;
mod pool;
mod random;
mod recurrent;
mod reduce;
pub mod simd;
mod softmax;
mod tall;
mod tuning;
mod unary;

pub use simd::{Real, Vector};

//! The one crate that knows wasm-bindgen. The kernels are exported as they are; this adds what
//! describes the build, and the allocator that the glue asks for when it makes a worker's stack.
#![no_std]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use wasm_bindgen::prelude::*;

// Without this the linker would drop the crate whose only use is its exported symbols.
use lanegrad_kernels as _;

/// Pages straight from the engine, never given back: it serves worker stacks and nothing else.
/// Tensors live in memory that TypeScript manages.
struct Pages;

unsafe impl GlobalAlloc for Pages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let pages = layout.size().div_ceil(65536);
        match wasm32::memory_grow(0, pages) {
            usize::MAX => core::ptr::null_mut(),
            page => (page * 65536) as *mut u8,
        }
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static PAGES: Pages = Pages;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    wasm32::unreachable()
}

/// 1 where `madd` is fused (relaxed SIMD), else 0.
#[wasm_bindgen(js_name = isRelaxed)]
pub fn is_relaxed() -> u32 {
    cfg!(target_feature = "relaxed-simd") as u32
}

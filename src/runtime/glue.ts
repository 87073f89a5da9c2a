import { initSync as relaxed } from "../../pkg/relaxed/lanegrad_wasm.js";
import { initSync as relaxedSimd } from "../../pkg/relaxed-simd/lanegrad_wasm.js";
import { initSync as simd } from "../../pkg/simd/lanegrad_wasm.js";
import { initSync as threads } from "../../pkg/threads/lanegrad_wasm.js";
import type { Exports } from "./kernels.js";
import type { Variant } from "./variant.js";

/** The stack of one thread. GEMM and convolution pack their blocks there. */
const STACK_BYTES = 2 * 1024 * 1024;

/** Binds one build to a memory, through wasm-bindgen's own glue. */
export function instantiate(variant: Variant, module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  switch (variant) {
    case "simd":
      return simd({ module, memory }) as unknown as Exports;
    case "relaxed-simd":
      return relaxedSimd({ module, memory }) as unknown as Exports;
    case "threads":
      return threads({ module, memory, thread_stack_size: STACK_BYTES }) as unknown as Exports;
    case "relaxed":
      return relaxed({ module, memory, thread_stack_size: STACK_BYTES }) as unknown as Exports;
  }
}

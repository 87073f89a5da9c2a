import type { Features } from "./features.js";

/** The builds of the kernels: plain SIMD; with shared memory; with relaxed SIMD as well. */
export type Variant = "simd" | "threads" | "relaxed";

/**
 * The build for these features.
 *
 * Relaxed SIMD rounds a·b + c once or twice as the machine likes, so `deterministic` forgoes it.
 */
export function chooseVariant(features: Features, deterministic: boolean): { variant: Variant; why: string } {
  if (!features.threads) return { variant: "simd", why: features.threadsWhy };
  if (deterministic) return { variant: "threads", why: "plain SIMD, because deterministic was asked for" };
  if (!features.relaxed) return { variant: "threads", why: "plain SIMD: this engine has no relaxed SIMD" };
  return { variant: "relaxed", why: "shared memory and relaxed SIMD are there" };
}

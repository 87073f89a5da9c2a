import { BackendError } from "./errors.js";
import type { Features } from "./features.js";

/** The builds of the kernels: plain and relaxed SIMD for one thread, and both with shared memory for several. */
export type Variant = "simd" | "relaxed-simd" | "threads" | "relaxed";

/** Whether the build has its memory shared with workers. */
export function isShared(variant: Variant): boolean {
  return variant === "threads" || variant === "relaxed";
}

/** Whether the build multiplies and adds in one step, which rounds as the machine likes. */
export function isRelaxed(variant: Variant): boolean {
  return variant === "relaxed" || variant === "relaxed-simd";
}

/** @throws BackendError when a build that was asked for cannot run here */
export function checkVariant(variant: Variant, features: Features): void {
  if (isShared(variant) && !features.threads)
    throw new BackendError(`init(): the ${variant} build needs shared memory, but ${features.threadsWhy}`);
  if (isRelaxed(variant) && !features.relaxed)
    throw new BackendError(
      `init(): the ${variant} build needs relaxed SIMD, which this engine lacks; leave variant out to get the best one`,
    );
}

/**
 * The build for these features.
 *
 * Relaxed SIMD rounds a·b + c once or twice as the machine likes, so `deterministic` forgoes it.
 */
export function chooseVariant(features: Features, deterministic: boolean): { variant: Variant; why: string } {
  const { threads, threadsWhy } = features;
  const whyPlain = deterministic
    ? "plain SIMD, because deterministic was asked for"
    : features.relaxed
      ? ""
      : "plain SIMD: this engine has no relaxed SIMD";
  if (!threads) return { variant: whyPlain ? "simd" : "relaxed-simd", why: whyPlain ? `${threadsWhy}; ${whyPlain}` : threadsWhy };
  return whyPlain ? { variant: "threads", why: whyPlain } : { variant: "relaxed", why: "shared memory and relaxed SIMD are there" };
}

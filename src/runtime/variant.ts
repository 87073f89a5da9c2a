import { BackendError } from "./errors.js";
import type { Features } from "./features.js";

/** The builds of the kernels: plain and relaxed SIMD for one thread, and both with shared memory for several. */
export type Variant = "simd" | "relaxed-simd" | "threads" | "relaxed";

const VARIANTS: readonly string[] = ["simd", "relaxed-simd", "threads", "relaxed"] satisfies Variant[];

export function isVariant(name: unknown): name is Variant {
  return VARIANTS.includes(name as string);
}

/** Whether a compiled module is a build with shared memory. @throws BackendError when it is none of the builds */
export function sharesMemory(module: WebAssembly.Module): boolean {
  const names = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  if (!names.has("isRelaxed")) throw new BackendError("init(): what wasm gives is WebAssembly, but none of lanegrad's .wasm files");
  return names.has("__tls_base");
}

export function variantOf(shared: boolean, relaxed: boolean): Variant {
  if (shared) return relaxed ? "relaxed" : "threads";
  return relaxed ? "relaxed-simd" : "simd";
}

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

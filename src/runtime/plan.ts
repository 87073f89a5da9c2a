import { BackendError } from "./errors.js";
import { type Features, detectFeatures } from "./features.js";
import type { Host } from "./host.js";
import { type InitOptions, checkOptions } from "./options.js";
import { type Variant, checkVariant, chooseVariant, isShared, sharesMemory, variantOf } from "./variant.js";

/** What is to run, and why. */
export interface Plan {
  variant: Variant;
  why: string;
  features: Features;
  threads: number;
}

/** @throws BackendError when WebAssembly SIMD is missing, or an option is wrong: before anything is fetched */
export function checkedFeatures(options: InitOptions): Features {
  checkOptions(options);
  const features = detectFeatures();
  if (features.simd) return features;
  throw new BackendError(
    "lanegrad needs WebAssembly with SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 20, Deno 1.9, Bun 1.0, or newer " +
      "(a browser's strictest mode, such as Lockdown Mode, may have switched it off)",
  );
}

/**
 * The build and the threads for these options, here.
 *
 * @throws BackendError when the options ask for what cannot be
 */
export function planFor(host: Host, options: InitOptions, features: Features): Plan {
  const { variant: asked, deterministic = false } = options;
  const { builds } = host;
  const why = builds && `this entry of lanegrad holds only ${builds.join(" and ")}.wasm; import "lanegrad" for all, or pass init({ wasm })`;
  if (asked !== undefined) {
    if (builds && !builds.includes(asked)) throw new BackendError(`init(): the ${asked} build is not here: ${why}`);
    return planOf(asked, "asked for", host, options, features);
  }
  if (builds) return planOf(builds[0]!, why!, host, options, features);
  const choice = chooseVariant(features, deterministic);
  return planOf(choice.variant, choice.why, host, options, features);
}

/** The same for a module that the user brings. Whether it is relaxed shows only when it runs. */
export function planGiven(host: Host, options: InitOptions, features: Features, module: WebAssembly.Module): Plan {
  const shared = sharesMemory(module);
  const why = `what init({ wasm }) gives is a build ${shared ? "with" : "without"} shared memory`;
  return planOf(variantOf(shared, false), why, host, options, features);
}

function planOf(variant: Variant, why: string, host: Host, options: InitOptions, features: Features): Plan {
  checkVariant(variant, features);
  const { threads: asked } = options;
  const threads = isShared(variant) ? (asked ?? Math.min(8, host.cores())) : 1;
  if (!isShared(variant) && (asked ?? 1) > 1) console.warn(`lanegrad: one thread instead of ${asked}: ${why}.`);
  return { variant, why, features, threads };
}

/** The build that runs. @throws BackendError when it is not what the options ask for */
export function runningVariant(plan: Plan, relaxed: boolean, options: InitOptions): Variant {
  const variant = variantOf(isShared(plan.variant), relaxed);
  if (options.variant !== undefined && options.variant !== variant)
    throw new BackendError(`init(): the ${options.variant} build was asked for, but what came is ${variant}`);
  if (options.deterministic && relaxed)
    throw new BackendError(`init(): deterministic was asked for, but what came is the ${variant} build; give simd.wasm or threads.wasm`);
  return variant;
}

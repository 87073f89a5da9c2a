import { compile } from "./compile.js";
import type { Host } from "./host.js";
import { enlist, platform } from "./platform.browser.js";
import type { Variant } from "./variant.js";

// Bundlers find an asset only when its URL is spelt out like this.
const WASM: Record<Variant, () => URL> = {
  simd: () => new URL("./simd.wasm", import.meta.url),
  "relaxed-simd": () => new URL("./relaxed-simd.wasm", import.meta.url),
  threads: () => new URL("./threads.wasm", import.meta.url),
  relaxed: () => new URL("./relaxed.wasm", import.meta.url),
};

/**
 * Vite's development server, up to version 7, moves this script into node_modules/.vite/deps and leaves behind what lies beside it.
 * Version 8 corrects the URLs above.
 */
function leftBehind(file: string): URL | undefined {
  const { href } = WASM.simd();
  const home = href.replace(/\/\.vite\/deps\/[^/]*$/, `/lanegrad/dist/${file}`);
  return home === href ? undefined : new URL(home);
}

/** Fetches what it needs from beside the script. */
export const host: Host = {
  ...platform,

  loadSync: () => null,

  async load(variant) {
    const url = leftBehind(`${variant}.wasm`) ?? WASM[variant]();
    return compile(await platform.open(url), url.href);
  },

  spawn(start, events, url) {
    const elsewhere = url ?? leftBehind("thread-worker.browser.js");
    if (elsewhere !== undefined) return platform.spawn(start, events, elsewhere);
    const worker = new Worker(new URL("./thread-worker.browser.js", import.meta.url), { type: "module" });
    return enlist(worker, "thread-worker.browser.js", start, events);
  },
};

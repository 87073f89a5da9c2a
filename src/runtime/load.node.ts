import { builtin } from "./builtin.node.js";
import { compileSync } from "./compile.js";
import { BackendError } from "./errors.js";
import type { Host } from "./host.js";
import { platform } from "./platform.node.js";

// Bundlers that make a server (Next.js) move files along whose URL is spelt out like this.
const FILES: Record<string, () => URL> = {
  "simd.wasm": () => new URL("./simd.wasm", import.meta.url),
  "relaxed-simd.wasm": () => new URL("./relaxed-simd.wasm", import.meta.url),
  "threads.wasm": () => new URL("./threads.wasm", import.meta.url),
  "relaxed.wasm": () => new URL("./relaxed.wasm", import.meta.url),
  "thread-worker.node.mjs": () => new URL("./thread-worker.node.mjs", import.meta.url),
};

/** This script. In a bundle that was made CommonJS, import.meta is empty. */
const here = (): string => import.meta.url ?? builtin("node:url").pathToFileURL(__filename).href;

/** Where a file may lie: where a bundler has put it, beside this script, or, run unbuilt, in dist/. */
function* places(file: string): Generator<URL> {
  try {
    yield FILES[file]!();
  } catch {
    // Next.js gives code that it renders pages with the path that a browser would ask for, which is no URL.
  }
  yield new URL(here().replace(/[^/]*$/, file));
  yield new URL(here().replace(/src\/runtime\/[^/]*$/, `dist/${file}`));
}

const pathOf = (url: string | URL): string => builtin("node:url").fileURLToPath(url);

function locate(file: string): URL {
  const { existsSync } = builtin("node:fs");
  for (const url of places(file)) if (existsSync(url)) return url;
  throw new BackendError(
    `init(): ${file} is missing beside ${pathOf(here())}; reinstall lanegrad, or build it with "npm run build"; ` +
      `a bundler that made this script shall leave lanegrad external, or copy node_modules/lanegrad/dist/${file} there`,
  );
}

/** Reads what it needs from beside the script. */
export const host: Host = {
  ...platform,

  loadSync(variant) {
    const url = locate(`${variant}.wasm`);
    return compileSync(builtin("node:fs").readFileSync(url), pathOf(url));
  },

  load: (variant) => Promise.resolve().then(() => host.loadSync(variant)!),

  spawn: (start, events, url) => platform.spawn(start, events, url ?? locate("thread-worker.node.mjs")),
};

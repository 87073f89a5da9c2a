import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { BackendError } from "./errors.js";
import type { Host } from "./host.js";

// Bundlers that make a server (Next.js) move files along whose URL is spelt out like this.
const FILES: Record<string, () => URL> = {
  "simd.wasm": () => new URL("./simd.wasm", import.meta.url),
  "relaxed-simd.wasm": () => new URL("./relaxed-simd.wasm", import.meta.url),
  "threads.wasm": () => new URL("./threads.wasm", import.meta.url),
  "relaxed.wasm": () => new URL("./relaxed.wasm", import.meta.url),
  "thread-worker.node.mjs": () => new URL("./thread-worker.node.mjs", import.meta.url),
};

/** Where a file may lie: where a bundler has put it, beside this script, or, run unbuilt, in dist/. */
function* places(file: string): Generator<URL> {
  try {
    yield FILES[file]!();
  } catch {
    // Next.js gives code that it renders pages with the path that a browser would ask for, which is no URL.
  }
  const here = import.meta.url;
  yield new URL(here.replace(/[^/]*$/, file));
  yield new URL(here.replace(/src\/runtime\/[^/]*$/, `dist/${file}`));
}

function locate(file: string): URL {
  for (const url of places(file)) if (existsSync(url)) return url;
  throw new BackendError(
    `init(): ${file} is missing beside ${fileURLToPath(import.meta.url)}; reinstall lanegrad, or build it with "npm run build"; ` +
      `a bundler that made this script shall leave lanegrad external, or copy node_modules/lanegrad/dist/${file} there`,
  );
}

function compile(url: URL): WebAssembly.Module {
  try {
    return new WebAssembly.Module(readFileSync(url));
  } catch (cause) {
    throw new BackendError(`init(): ${fileURLToPath(url)} is not a WebAssembly module that this Node can run: ${String(cause)}`, { cause });
  }
}

export const host: Host = {
  loadSync: (file) => compile(locate(file)),

  load: (file, from) => Promise.resolve().then(() => compile(from === undefined ? locate(file) : new URL(from))),

  spawn(start, events, url) {
    const worker = new Worker(url === undefined ? locate("thread-worker.node.mjs") : new URL(url), { workerData: start, execArgv: [] });
    worker.once("error", (error) => events.onGone(String(error)));
    worker.once("exit", (code) => events.onGone(`it ended with code ${code}`));
    worker.unref();
    return { terminate: () => void worker.terminate() };
  },

  cores: () => availableParallelism(),
  now: () => performance.now(),
};

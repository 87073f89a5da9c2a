import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { BackendError } from "./errors.js";
import type { Host } from "./host.js";

/** Files lie beside the bundle; run unbuilt, from the sources, the built ones are two folders up. */
function locate(file: string): URL {
  for (const base of [`./${file}`, `../../dist/${file}`]) {
    const url = new URL(base, import.meta.url);
    if (existsSync(url)) return url;
  }
  throw new BackendError(
    `init(): ${file} is missing beside ${fileURLToPath(import.meta.url)}; reinstall lanegrad, or build it with "npm run build"`,
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
    const worker = new Worker(url === undefined ? locate("worker.node.js") : new URL(url), { workerData: start, execArgv: [] });
    worker.once("error", (error) => events.onGone(String(error)));
    worker.once("exit", (code) => events.onGone(`it ended with code ${code}`));
    worker.unref();
    return { terminate: () => void worker.terminate() };
  },

  cores: () => availableParallelism(),
  now: () => performance.now(),
};

import { BackendError } from "./errors.js";
import type { Host, WorkerEvents, WorkerHandle } from "./host.js";
import type { WorkerStart } from "./worker.js";

/** Has a worker join the pool. @param script what messages call it */
export function enlist(worker: Worker, script: string, start: WorkerStart, events: WorkerEvents): WorkerHandle {
  // Only an error of the script itself comes with a message.
  const missing = `${script} could not be loaded: serve it beside the library, with the header Cross-Origin-Embedder-Policy: require-corp, allow it in the page's Content-Security-Policy (worker-src), or pass init({ workerUrl })`;
  worker.addEventListener("error", (event) => {
    event.preventDefault(); // else it also counts as an error of the worker that lanegrad itself may run in
    events.onGone(event.message || missing);
  });
  worker.postMessage(start);
  return { terminate: () => worker.terminate() };
}

/** What browsers have, whatever the entry: see Host. */
export const platform: Omit<Host, "builds" | "load" | "loadSync"> = {
  async open(address) {
    const { href } = new URL(address, globalThis.location?.href);
    try {
      return await fetch(href);
    } catch (cause) {
      throw new BackendError(
        `init(): could not fetch ${href}: ${String(cause)}; is it offline, of another origin without CORS, or not in the page's Content-Security-Policy (connect-src)?`,
        { cause },
      );
    }
  },

  spawn(start, events, url) {
    if (url === undefined) throw new BackendError("this entry of lanegrad has no script for threads; pass init({ workerUrl })");
    return enlist(new Worker(url, { type: "module" }), String(url), start, events);
  },

  // A server that renders pages has no navigator, and an op there shall still say that init() is missing.
  cores: () => (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency || 1,
  now: () => performance.now(),
};

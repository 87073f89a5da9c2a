import { builtin } from "./builtin.node.js";
import { BackendError } from "./errors.js";
import type { Host } from "./host.js";

/** The URL that a string is; a path, relative ones as seen from where Node runs. (`C:` is no scheme.) */
function urlOf(address: string | URL): URL {
  const text = String(address);
  return /^[a-z][\w+.-]+:/i.test(text) ? new URL(text) : builtin("node:url").pathToFileURL(builtin("node:path").resolve(text));
}

/** What Node has, whatever the entry: see Host. */
export const platform: Omit<Host, "builds" | "load" | "loadSync"> = {
  async open(address) {
    const url = urlOf(address);
    try {
      return url.protocol === "file:" ? Uint8Array.from(builtin("node:fs").readFileSync(url)) : await fetch(url);
    } catch (cause) {
      const place = url.protocol === "file:" ? builtin("node:url").fileURLToPath(url) : url.href;
      throw new BackendError(`init(): could not read ${place}: ${String(cause)}`, { cause });
    }
  },

  spawn(start, events, url) {
    if (url === undefined) throw new BackendError("this entry of lanegrad has no script for threads; pass init({ workerUrl })");
    const { Worker } = builtin("node:worker_threads");
    const worker = new Worker(urlOf(url), { workerData: start, execArgv: [] });
    worker.once("error", (error) => events.onGone(String(error)));
    worker.once("exit", (code) => events.onGone(`it ended with code ${code}`));
    worker.unref();
    return { terminate: () => void worker.terminate() };
  },

  soon: (work) => void setImmediate(work).unref(),
  cores: () => builtin("node:os").availableParallelism(),
  now: () => performance.now(),
};

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { BackendError } from "./errors.js";
import type { Host } from "./host.js";

/** The URL that a string is; a path, relative ones as seen from where Node runs. (`C:` is no scheme.) */
const urlOf = (address: string | URL): URL =>
  /^[a-z][\w+.-]+:/i.test(String(address)) ? new URL(address) : pathToFileURL(resolve(String(address)));

/** What Node has, whatever the entry: see Host. */
export const platform: Omit<Host, "builds" | "load" | "loadSync"> = {
  async open(address) {
    const url = urlOf(address);
    try {
      return url.protocol === "file:" ? Uint8Array.from(readFileSync(url)) : await fetch(url);
    } catch (cause) {
      throw new BackendError(`init(): could not read ${url.protocol === "file:" ? fileURLToPath(url) : url.href}: ${String(cause)}`, {
        cause,
      });
    }
  },

  spawn(start, events, url) {
    if (url === undefined) throw new BackendError("this entry of lanegrad has no script for threads; pass init({ workerUrl })");
    const worker = new Worker(urlOf(url), { workerData: start, execArgv: [] });
    worker.once("error", (error) => events.onGone(String(error)));
    worker.once("exit", (code) => events.onGone(`it ended with code ${code}`));
    worker.unref();
    return { terminate: () => void worker.terminate() };
  },

  cores: () => availableParallelism(),
  now: () => performance.now(),
};

import { holdLock } from "./alive.js";
import type { Port } from "./port.js";

/** The other end of a worker's messages; null where no worker is. */
export function parentPort(): Port | null {
  if (typeof document !== "undefined" || typeof postMessage !== "function" || typeof addEventListener !== "function") return null;
  return {
    holdLock,
    post: (message, transfer) => postMessage(message, { transfer }),
    listen: (listener) => addEventListener("message", ({ data }: MessageEvent<unknown>) => listener(data)),
  };
}

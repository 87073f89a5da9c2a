import { type TransferListItem, parentPort as parent } from "node:worker_threads";
import type { Port } from "./port.js";
import { parentPort as ofScope } from "./port.browser.js";

/** The other end of a worker's messages; null where no worker is. Deno and Bun have the browsers' workers too. */
export function parentPort(): Port | null {
  if (!parent) return ofScope();
  return {
    holdLock: () => Promise.resolve(null),
    post: (message, transfer) => parent!.postMessage(message, transfer as readonly TransferListItem[]),
    listen: (listener) => void parent!.on("message", listener),
  };
}

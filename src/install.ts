import { installEngineOps } from "./ops/autograd.js";
import { installMethods } from "./ops/methods.js";
import { setHost } from "./runtime/backend.js";
import type { Host } from "./runtime/host.js";

/**
 * What must happen before the first call, in calls that entries make: code that a file merely runs when it is imported
 * would be lost in a bundle that drops files of which nothing is used.
 */
export function install(host: Host): void {
  setHost(host);
  installEngineOps();
  installMethods();
}

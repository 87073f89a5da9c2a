import { gunzipSync } from "node:zlib";
import { packed } from "#packed";
import { compileSync } from "../runtime/compile.js";
import type { Host } from "../runtime/host.js";
import { platform } from "../runtime/platform.node.js";

export const host: Host = {
  ...platform,
  builds: ["simd"],
  loadSync: () => compileSync(gunzipSync(Buffer.from(packed, "base64")), "the WebAssembly in lanegrad/inline"),
  load: () => Promise.resolve().then(() => host.loadSync("simd")!),
};

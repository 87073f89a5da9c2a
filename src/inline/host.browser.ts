import { packed } from "#packed";
import { compile } from "../runtime/compile.js";
import { BackendError } from "../runtime/errors.js";
import type { Host } from "../runtime/host.js";
import { platform } from "../runtime/platform.browser.js";

function unpack(): Response {
  if (typeof DecompressionStream === "undefined")
    throw new BackendError(
      'lanegrad/inline needs DecompressionStream: Chrome 80, Firefox 113, Safari 16.4, or newer; or import "lanegrad"',
    );
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream, { headers: { "Content-Type": "application/wasm" } });
}

export const host: Host = {
  ...platform,
  builds: ["simd"],
  loadSync: () => null,
  load: async () => compile(unpack(), "the WebAssembly in lanegrad/inline"),
};

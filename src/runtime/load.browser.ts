import { BackendError } from "./errors.js";
import type { Host } from "./host.js";

// Bundlers find an asset only when its URL is spelt out like this.
const WASM: Record<string, () => URL> = {
  "simd.wasm": () => new URL("./simd.wasm", import.meta.url),
  "relaxed-simd.wasm": () => new URL("./relaxed-simd.wasm", import.meta.url),
  "threads.wasm": () => new URL("./threads.wasm", import.meta.url),
  "relaxed.wasm": () => new URL("./relaxed.wasm", import.meta.url),
};

/**
 * Vite's development server, up to version 7, moves this script into node_modules/.vite/deps and leaves behind what lies beside it.
 * Version 8 corrects the URLs above.
 */
function leftBehind(file: string): URL | undefined {
  const { href } = WASM["simd.wasm"]!();
  const home = href.replace(/\/\.vite\/deps\/[^/]*$/, `/lanegrad/dist/${file}`);
  return home === href ? undefined : new URL(home);
}

async function fetchModule(url: URL): Promise<WebAssembly.Module> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new BackendError(`init(): could not fetch ${url.href}: ${String(cause)}`, { cause });
  }
  if (!response.ok)
    throw new BackendError(`init(): ${url.href} answered ${response.status}; serve lanegrad's .wasm files, or pass init({ wasm: url })`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] !== 0 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d) {
    const start = new TextDecoder().decode(bytes.subarray(0, 40));
    throw new BackendError(
      `init(): ${url.href} is not WebAssembly but starts with ${JSON.stringify(start)}; ` +
        `a server that answers unknown paths with its index page does this: copy the .wasm file there, or pass init({ wasm: url })`,
    );
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    const advice = /Content.Security.Policy|unsafe-eval/i.test(String(cause))
      ? "; the page's Content-Security-Policy must allow it: script-src 'self' 'wasm-unsafe-eval'"
      : "";
    throw new BackendError(`init(): the browser refused ${url.href}: ${String(cause)}${advice}`, { cause });
  }
}

export const host: Host = {
  loadSync: () => null,

  load(file, from) {
    return fetchModule(from === undefined ? (leftBehind(file) ?? WASM[file]!()) : new URL(from, globalThis.location.href));
  },

  spawn(start, events, url) {
    const elsewhere = url ?? leftBehind("thread-worker.browser.js");
    const worker =
      elsewhere === undefined
        ? new Worker(new URL("./thread-worker.browser.js", import.meta.url), { type: "module" })
        : new Worker(elsewhere, { type: "module" });
    // Only an error of the script itself comes with a message.
    const script = String(url ?? "thread-worker.browser.js");
    const missing = `${script} could not be loaded: serve it beside the library, with the header Cross-Origin-Embedder-Policy: require-corp, or pass init({ workerUrl }); a Content-Security-Policy must allow it: worker-src 'self'`;
    worker.addEventListener("error", (event) => {
      event.preventDefault(); // else it also counts as an error of the worker that lanegrad itself may run in
      events.onGone(event.message || missing);
    });
    worker.postMessage(start);
    return { terminate: () => worker.terminate() };
  },

  // A server that renders pages has no navigator, and an op there shall still say that init() is missing.
  cores: () => (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency || 1,
  now: () => performance.now(),
};

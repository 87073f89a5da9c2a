import { defineConfig } from "tsup";
import { entries, keepEntries, keepPacked, shipped } from "./scripts/setup/entries.mjs";

const common = { outDir: "dist", target: "es2022", sourcemap: true, splitting: false, silent: true };

const workers = [
  {
    ...common,
    entry: { "thread-worker.node": "src/runtime/worker.node.ts" },
    platform: "node",
    format: ["esm"],
    outExtension: () => ({ js: ".mjs" }), // a bundler may carry it away from package.json, which says what .js is
  },
  { ...common, entry: { "thread-worker.browser": "src/runtime/worker.browser.ts" }, platform: "browser", format: ["esm"] },
];

/** ES modules: entries with what they share in chunks, so that any of them together are one library. */
function modules(platform, suffix) {
  return {
    ...common,
    entry: Object.fromEntries(Object.entries(entries[platform]).map(([name, path]) => [name + suffix, path])),
    platform,
    format: ["esm"],
    splitting: true,
    esbuildPlugins: [keepEntries(platform, suffix), keepPacked(), shipped()],
  };
}

// What differs between Node and browsers are the files behind "imports" in package.json; esbuild chooses by platform.
// Types are made by tsc: a bundled d.ts would lose the doc comments of what is exported again.
const library = [
  modules("node", ""),
  modules("browser", ".browser"),
  // For pages without a bundler: one file, with the .wasm files beside it, or within.
  {
    ...common,
    entry: { "lanegrad.min": "src/index.ts", "lanegrad.inline.min": "src/inline/index.ts" },
    platform: "browser",
    format: ["esm"],
    minify: true,
    esbuildPlugins: [shipped()],
  },
];

// Tests run the library from its sources, but threads only from a built file.
export default defineConfig(({ env }) => (env?.PART === "workers" ? workers : library));

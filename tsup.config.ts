import { defineConfig, type Options } from "tsup";

const common: Options = { outDir: "dist", target: "es2022", sourcemap: true, splitting: false, silent: true };

// CommonJS has no import.meta, and tsup's own shim mistakes a path with # or % in it.
const commonjsUrl = '"use strict"; var importMetaUrl = require("node:url").pathToFileURL(__filename).href;';

const workers: Options[] = [
  { ...common, entry: { "worker.node": "src/runtime/worker.node.ts" }, platform: "node", format: ["esm"] },
  { ...common, entry: { "worker.browser": "src/runtime/worker.browser.ts" }, platform: "browser", format: ["esm"] },
];

// What differs between Node and browsers are the files behind "imports" in package.json; esbuild chooses by platform.
// Types are made by tsc: a bundled d.ts would lose the doc comments of what is exported again.
const library: Options[] = [
  { ...common, entry: { index: "src/index.ts" }, platform: "node", format: ["esm"] },
  {
    ...common,
    entry: { index: "src/index.ts" },
    platform: "node",
    format: ["cjs"],
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: commonjsUrl },
  },
  { ...common, entry: { "index.browser": "src/index.ts" }, platform: "browser", format: ["esm"] },
];

// Tests run the library from its sources, but threads only from a built file.
export default defineConfig(({ env }) => (env?.PART === "workers" ? workers : library));

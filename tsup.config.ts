import { defineConfig } from "tsup";

const common = { outDir: "dist", target: "es2022", sourcemap: true, splitting: false, silent: true } as const;

// CommonJS has no import.meta, and tsup's own shim mistakes a path with # or % in it.
const commonjsUrl = '"use strict"; var importMetaUrl = require("node:url").pathToFileURL(__filename).href;';

// The loader (#load in package.json) is what differs between Node and browsers; esbuild chooses it by platform.
// Types are made by tsc: a bundled d.ts would lose the doc comments of what is exported again.
export default defineConfig([
  { ...common, entry: { index: "src/index.ts" }, platform: "node", format: ["esm"] },
  {
    ...common,
    entry: { index: "src/index.ts" },
    platform: "node",
    format: ["cjs"],
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: commonjsUrl },
  },
  { ...common, entry: { "worker.node": "src/runtime/worker.node.ts" }, platform: "node", format: ["esm"] },
  {
    ...common,
    entry: { "index.browser": "src/index.ts", "worker.browser": "src/runtime/worker.browser.ts" },
    platform: "browser",
    format: ["esm"],
  },
]);

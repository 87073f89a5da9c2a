// What `require` gets where Node cannot require ES modules: the same files one by one, so that here too all entries share one
// copy of what they have in common, and each is read only when it is asked for.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { entries } from "./entries.mjs";
import { root } from "./paths.mjs";

const dist = (name) => join(root, "dist", name);

export async function makeCommonjs() {
  const modules = new Set(Object.keys(entries.node).map((name) => `${name}.js`));
  // Grows while it is walked: a file's imports come after it. The packed WebAssembly is there in both kinds.
  for (const name of modules) for (const [, path] of readFileSync(dist(name), "utf8").matchAll(/"\.\/(chunk-\w+\.js)"/g)) modules.add(path);
  const { outputFiles } = await build({
    entryPoints: [...modules].map(dist),
    outdir: dist(""),
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    platform: "node",
    target: "es2022",
    sourcemap: true,
    charset: "utf8",
    logOverride: { "empty-import-meta": "silent" }, // CommonJS has no import.meta; src/runtime/load.node.ts does without
    write: false,
  });
  for (const { path, text } of outputFiles) writeFileSync(path, text.replace(/(?<=\brequire\("\.\/[\w-]+\.)js(?="\))/g, "cjs"));
}

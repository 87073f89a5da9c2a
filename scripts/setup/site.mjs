// The page in demo/, built: files that any host serves, at any path. Beside it the MNIST files, spiral.html and, for that
// page, the library's own browser files in lanegrad/.
import { copyFileSync, cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build, preview } from "vite";
import { isolation } from "./headers.mjs";
import { root } from "./paths.mjs";

const demo = join(root, "demo");
export const siteDir = join(demo, "dist");

export async function buildSite(outDir = siteDir) {
  await build({
    configFile: false,
    root: demo,
    base: "./",
    logLevel: "error",
    build: { outDir, emptyOutDir: true, target: "es2022" },
    worker: { format: "es" },
  });
  cpSync(join(root, "examples/data/mnist"), join(outDir, "mnist"), { recursive: true });
  const library = join(outDir, "lanegrad");
  mkdirSync(library);
  const files = readdirSync(join(root, "dist")).filter((name) => /^lanegrad\.min\.js$|^thread-worker\.browser\.js$|\.wasm$/.test(name));
  for (const file of files) copyFileSync(join(root, "dist", file), join(library, file));
  copyFileSync(join(demo, "spiral.html"), join(outDir, "spiral.html"));
}

/** Serves a built site. @returns its address, and how to end it */
export async function serveSite(outDir = siteDir, { headers = isolation, ...options } = {}) {
  const server = await preview({
    configFile: false,
    root: demo,
    base: "./",
    logLevel: "error",
    build: { outDir },
    preview: { headers, ...options },
  });
  return { url: server.resolvedUrls.local[0], close: () => server.close() };
}

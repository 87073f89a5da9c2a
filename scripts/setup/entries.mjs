// What dist/ is entered by, and the esbuild plugins that keep those files apart and make sources ready to be shipped.
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { root } from "./paths.mjs";
import { markPure } from "./pure.mjs";
import { withoutTests } from "./tests-out.mjs";

const source = (path) => join(root, "src", path);

/** The entries of package.json, by name in dist/. */
const entrances = { index: "index.ts", inline: "inline/index.ts", worker: "worker/index.ts" };

/** Every file that another exports as a namespace (`export * as nn from "./nn/index.js"`). */
function namespaces() {
  const found = {};
  for (const name of readdirSync(source(""), { recursive: true })) {
    if (!name.endsWith(".ts")) continue;
    for (const [, path] of readFileSync(source(name), "utf8").matchAll(/^export \* as \w+ from "(\..*)\.js";$/gm)) {
      const file = `${join(dirname(name), path)}.ts`;
      found[basename(file) === "index.ts" ? basename(dirname(file)) : basename(file, ".ts")] = file;
    }
  }
  return found;
}

const inRoot = (files) => Object.fromEntries(Object.entries(files).map(([name, path]) => [name, relative(root, source(path))]));

/**
 * For bundlers each namespace is a file of its own, and so are the entries: bundled into another one, `nn` would be an
 * object with everything in it, and a user's bundler could no longer see that of it only `nn.Linear` is used. Node, which
 * reads every file whatever is used of it, starts faster with fewer.
 */
export const entries = { node: inRoot(entrances), browser: inRoot({ ...namespaces(), library: "library.ts", ...entrances }) };

/** Leaves imports of entries as they are, but for their names in dist/. */
export function keepEntries(platform, suffix) {
  const names = new Map(Object.entries(entries[platform]).map(([name, path]) => [join(root, path), name]));
  return {
    name: "keep-entries",
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
        const name = kind === "entry-point" ? undefined : names.get(resolve(resolveDir, path.replace(/\.js$/, ".ts")));
        return name === undefined ? undefined : { path: `./${name}${suffix}.js`, external: true };
      });
    },
  };
}

/** Leaves the packed WebAssembly of src/inline in a file of its own, which all that carry it share. */
export function keepPacked() {
  return {
    name: "keep-packed",
    setup: (build) => build.onResolve({ filter: /^#packed$/ }, () => ({ path: "./packed.js", external: true })),
  };
}

/** Sources as they are shipped: without what tests alone read, and marked so that what is not used can be dropped. */
export function shipped() {
  return {
    name: "shipped",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!path.startsWith(join(root, "src"))) return undefined;
        return { contents: markPure(withoutTests(readFileSync(path, "utf8"), path), path), loader: "ts" };
      });
    },
  };
}

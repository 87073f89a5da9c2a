// dist/: the bundles by tsup with the .wasm files beside them; for a package also the types, by tsc.
import { appendFileSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { withLock } from "./lock.mjs";
import { root } from "./paths.mjs";
import { runner } from "./run.mjs";
import { hashOf, removeStamp, stampMatches, writeStamp } from "./stamp.mjs";
import { step } from "./steps.mjs";
import { variants } from "./variants.mjs";

const names = Object.keys(variants);
const scripts = ["commonjs", "entries", "pure", "tests-out", "ts", "type-docs"].map((name) => `scripts/setup/${name}.mjs`);
const builds = names.map((name) => `pkg/${name}/.stamp`);
const configs = ["tsup.config.mjs", "tsconfig.json", "package.json", "package-lock.json", ...scripts];

/** The workers and the .wasm files: all of dist/ that the library needs when it runs from its sources. */
export const workers = () => whenStale("workers", "dist/.workers", ["src/runtime", ...configs, ...builds], makeWorkers);

export const library = () => whenStale("TypeScript bundles", "dist/.library", ["src", ...configs, ...builds], makeLibrary);

export const types = () => whenStale("types", "dist/types/.stamp", ["src", "pkg", "tsconfig.types.json", ...configs], makeTypes);

async function whenStale(title, stamp, inputs, make) {
  if (stampMatches(stamp, hashOf(inputs))) return;
  await withLock("target/dist.lock", async () => {
    const hash = hashOf(inputs);
    if (stampMatches(stamp, hash)) return;
    removeStamp(stamp);
    await step(title, make);
    writeStamp(stamp, hash);
  });
}

const program = (path) => join(root, "node_modules", path);

const tsup = (part) => runner(`tsup-${part}`)(process.execPath, [program("tsup/dist/cli-default.js"), `--env.PART=${part}`]);

async function makeWorkers() {
  await tsup("workers");
  for (const name of names) copyFileSync(join(root, "pkg", name, "lanegrad_wasm_bg.wasm"), join(root, "dist", `${name}.wasm`));
  const packed = gzipSync(readFileSync(join(root, "dist/simd.wasm")), { level: 9 }).toString("base64");
  writeFileSync(join(root, "dist/packed.js"), `export const packed = "${packed}";\n`);
  writeFileSync(join(root, "dist/packed.cjs"), `exports.packed = "${packed}";\n`);
}

async function makeLibrary() {
  const start = Date.now();
  await tsup("library");
  for (const name of readdirSync(join(root, "dist"))) {
    const file = join(root, "dist", name);
    if (!/^(?!thread-worker\.browser|packed).*\.c?js(\.map)?$/.test(name)) continue;
    if (statSync(file).mtimeMs < start - 1000)
      rmSync(file); // a chunk of an earlier build
    else if (name.endsWith(".js")) writeFileSync(file, withoutBareImports(readFileSync(file, "utf8")));
  }
  forgetPacked("lanegrad.inline.min.js.map");
  const { makeCommonjs } = await import("./commonjs.mjs"); // esbuild is there only now
  await makeCommonjs();
  await makeNamespaces();
}

/** Of the packed WebAssembly nobody wants to read the source. */
function forgetPacked(name) {
  const map = JSON.parse(readFileSync(join(root, "dist", name), "utf8"));
  map.sourcesContent = map.sourcesContent.map((text, i) => (map.sources[i].endsWith("packed.js") ? "" : text));
  write(name, JSON.stringify(map));
}

const write = (name, text) => writeFileSync(join(root, "dist", name), `${text}\n`);

/** Node's files for subpaths that are namespaces of the library. */
async function makeNamespaces() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const library = await import(`${pathToFileURL(join(root, "dist/index.js")).href}?${Date.now()}`);
  for (const path of Object.keys(exports)) {
    const [name, namespace] = [path.slice(2), path === "./functional" ? "F" : path.slice(2)];
    if (typeof library[namespace] !== "object") continue;
    const names = Object.keys(library[namespace]).join(", ");
    writeFileSync(
      join(root, "dist", `${name}.js`),
      `import { ${namespace} } from "./index.js";\nexport const { ${names} } = ${namespace};\n`,
    );
    writeFileSync(join(root, "dist", `${name}.cjs`), `module.exports = require("./index.cjs").${namespace};\n`);
  }
}

/**
 * esbuild imports each chunk that an entry once needed, also where nothing of it is left: for what the chunk may do when it
 * is loaded. Ours do nothing, as "sideEffects" in package.json says, and bundlers would warn of the contradiction.
 */
const withoutBareImports = (text) => text.replace(/^import "\.\/chunk-\w+\.js";$/gm, "");

async function makeTypes() {
  for (const folder of ["types", "types-cjs", "pkg"]) rmSync(join(root, "dist", folder), { recursive: true, force: true });
  await runner("types")(process.execPath, [program("typescript/bin/tsc"), "-p", "tsconfig.types.json"]);
  // Whatever entry a program imports, tensors have their methods.
  appendFileSync(join(root, "dist/types/core/tensor.d.ts"), `import "../ops/methods.js";\n`);
  // The kernels' names are typed by wasm-bindgen's declarations, at the same place relative to the types.
  for (const name of names) {
    mkdirSync(join(root, "dist/pkg", name), { recursive: true });
    copyFileSync(join(root, "pkg", name, "lanegrad_wasm.d.ts"), join(root, "dist/pkg", name, "lanegrad_wasm.d.ts"));
  }
  const { addDocs } = await import("./type-docs.mjs"); // TypeScript is there only now
  addDocs("dist/types");
  // `require` needs types that TypeScript takes for CommonJS: the same files under another package type.
  cpSync(join(root, "dist/types"), join(root, "dist/types-cjs"), { recursive: true });
  // Both kinds import the kernels' names: from CommonJS anyone may.
  for (const folder of ["types-cjs", "pkg"]) writeFileSync(join(root, "dist", folder, "package.json"), `{ "type": "commonjs" }\n`);
}

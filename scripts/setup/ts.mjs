// dist/: the bundles by tsup with the three .wasm files beside them; for a package also the types, by tsc.
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { root } from "./paths.mjs";
import { runner } from "./run.mjs";
import { hashOf, removeStamp, stampMatches, writeStamp } from "./stamp.mjs";
import { step } from "./steps.mjs";
import { variants } from "./variants.mjs";

const names = Object.keys(variants);
const configs = ["tsup.config.ts", "tsconfig.json", "package.json", "package-lock.json", "scripts/setup/ts.mjs"];

/** The workers and the .wasm files: all of dist/ that the library needs when it runs from its sources. */
export const workers = () =>
  whenStale("workers", "dist/.workers", ["src/runtime", ...configs, ...names.map((name) => `pkg/${name}/.stamp`)], makeWorkers);

export const library = () => whenStale("TypeScript bundles", "dist/.library", ["src", ...configs], () => tsup("library"));

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
}

async function makeTypes() {
  for (const folder of ["types", "types-cjs", "pkg"]) rmSync(join(root, "dist", folder), { recursive: true, force: true });
  await runner("types")(process.execPath, [program("typescript/bin/tsc"), "-p", "tsconfig.types.json"]);
  // The kernels' names are typed by wasm-bindgen's declarations, at the same place relative to the types.
  for (const name of names) {
    mkdirSync(join(root, "dist/pkg", name), { recursive: true });
    copyFileSync(join(root, "pkg", name, "lanegrad_wasm.d.ts"), join(root, "dist/pkg", name, "lanegrad_wasm.d.ts"));
  }
  // `require` needs types that TypeScript takes for CommonJS: the same files under another package type.
  cpSync(join(root, "dist/types"), join(root, "dist/types-cjs"), { recursive: true });
  // Both kinds import the kernels' names: from CommonJS anyone may.
  for (const folder of ["types-cjs", "pkg"]) writeFileSync(join(root, "dist", folder, "package.json"), `{ "type": "commonjs" }\n`);
}

// Builds the kernels' variants by wasm-pack into pkg/.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { root } from "./paths.mjs";
import { output, runner } from "./run.mjs";
import { rust, rustEnv } from "./rust.mjs";
import { hashOf, removeStamp, stampMatches, writeStamp } from "./stamp.mjs";
import { step } from "./steps.mjs";
import { tools } from "./tools.mjs";
import { cargoFlags, rustFlags, targetOf, variants } from "./variants.mjs";
import { optimise } from "./wasm-opt.mjs";

const target = "wasm32-unknown-unknown";
const crate = join(root, "crates/wasm");
const scripts = ["variants", "wasm", "wasm-opt", "hoist", "wasm-reader"];
const inputs = ["Cargo.toml", "Cargo.lock", "crates", ...scripts.map((name) => `scripts/setup/${name}.mjs`)];
const stampOf = (name) => `pkg/${name}/.stamp`;

/**
 * Brings pkg/ up to date.
 * @param names the variants to build; all by default
 * @param npmReady resolves once node_modules is in place: wasm-opt comes from there
 */
export async function wasm({ names = Object.keys(variants), npmReady } = {}) {
  if (stale(names).length === 0) return;
  const compiler = rust();
  // wasm-pack finds the kernels compiled when it calls cargo: that need not wait until wasm-pack is compiled itself.
  const compiled = compiler.then((use) => eachStale(names, (name) => compile(name, use)));
  const [use, toolPath] = await Promise.all([compiler, tools(compiler), compiled, npmReady]);
  await eachStale(names, (name) => bind(name, use, toolPath));
}

function stale(names) {
  const hash = hashOf(inputs);
  return names.filter((name) => !stampMatches(stampOf(name), hash));
}

/** Does the work for each variant that is out of date, as many at once as there are cores. */
function eachStale(names, work) {
  return withLock("target/wasm.lock", async () => {
    const queue = stale(names);
    const worker = async () => {
      for (let name = queue.shift(); name; name = queue.shift()) await work(name);
    };
    await Promise.all(Array.from({ length: Math.min(queue.length, availableParallelism()) }, worker));
  });
}

const envFor = (name, use, toolPath) => ({ ...rustEnv(use, toolPath), RUSTFLAGS: rustFlags(name, use.linker) });

function compile(name, use) {
  const run = runner(`cargo-${name}`);
  const args = ["build", "--lib", "--release", "--target", target, ...cargoFlags(name)];
  return step(`kernels for WebAssembly: ${name}`, () => run(use.cargo, args, { cwd: crate, env: envFor(name, use) }));
}

async function bind(name, use, toolPath) {
  const hash = hashOf(inputs);
  const run = runner(`wasm-pack-${name}`);
  const env = envFor(name, use, toolPath);
  const made = join(targetOf(name), "pkg");
  const args = ["--release", "--target", "web", "--mode", "no-install", "--no-pack", "--out-dir", made, "."];
  removeStamp(stampOf(name));
  await step(`bindings: ${name}`, async () => {
    await makeTargetFolder(run, use.rustc, env);
    await run("wasm-pack", ["build", ...args, "--", ...cargoFlags(name)], { cwd: crate, env });
    await optimise(run, join(made, "lanegrad_wasm_bg.wasm"), variants[name].features);
    publish(made, join(root, "pkg", name));
  });
  writeStamp(stampOf(name), hash);
}

/** Files change places in one move each, so that a test run beside a build never reads half a file. */
function publish(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((file) => /\.(js|ts|wasm)$/.test(file))) {
    copyFileSync(join(from, name), join(to, `${name}.new`));
    renameSync(join(to, `${name}.new`), join(to, name));
  }
}

/** wasm-pack wants the target's folder beside the compiler, though build-std makes the real one elsewhere. */
async function makeTargetFolder(run, rustc, env) {
  const folder = output(rustc, ["--print", "target-libdir", "--target", target], { env });
  if (!folder || existsSync(folder)) return;
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    await run("sudo", ["-n", "mkdir", "-p", folder], { help: `make the folder ${folder}.` });
  }
}

// Builds the kernels three times, by wasm-pack, into pkg/: for plain SIMD, with threads, and with relaxed SIMD as well.
import { existsSync, mkdirSync, readdirSync, renameSync, copyFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { root } from "./paths.mjs";
import { rust, rustEnv } from "./rust.mjs";
import { output, runner } from "./run.mjs";
import { hashOf, removeStamp, stampMatches, writeStamp } from "./stamp.mjs";
import { step } from "./steps.mjs";
import { tools } from "./tools.mjs";
import { optimise } from "./wasm-opt.mjs";

const megabyte = 1 << 20;

// TypeScript makes the memory, of a size it chooses. The stack of the main thread is as large as a worker's.
const memory = [`-Clink-arg=-zstack-size=${2 * megabyte}`, "-Clink-arg=--import-memory", `-Clink-arg=--max-memory=${4096 * megabyte}`];

// wasm-bindgen makes each worker's stack and thread-local storage out of the exported symbols.
const shared = ["--shared-memory", ...["__wasm_init_tls", "__tls_size", "__tls_align", "__tls_base"].map((name) => `--export=${name}`)].map(
  (flag) => `-Clink-arg=${flag}`,
);

export const variants = {
  simd: { features: ["simd128"], flags: memory },
  threads: { features: ["simd128", "atomics", "bulk-memory"], flags: [...memory, ...shared] },
  relaxed: { features: ["simd128", "atomics", "bulk-memory", "relaxed-simd"], flags: [...memory, ...shared] },
};

const inputs = ["Cargo.toml", "Cargo.lock", "crates", "scripts/setup/wasm.mjs", "scripts/setup/wasm-opt.mjs"];
const stampOf = (name) => `pkg/${name}/.stamp`;

/**
 * Brings pkg/ up to date.
 * @param names the variants to build; all by default
 * @param npmReady resolves once node_modules is in place: wasm-opt comes from there
 */
export async function wasm({ names = Object.keys(variants), npmReady } = {}) {
  if (stale(names).length === 0) return;
  const compiler = rust();
  const [use, toolPath] = await Promise.all([compiler, tools(compiler)]);
  await npmReady;
  const env = rustEnv(use, toolPath);
  await withLock("target/wasm.lock", async () => {
    const queue = stale(names);
    const worker = async () => {
      for (let name = queue.shift(); name; name = queue.shift()) await step(`WebAssembly kernels: ${name}`, () => build(name, use, env));
    };
    await Promise.all(Array.from({ length: Math.min(queue.length, availableParallelism()) }, worker));
  });
}

function stale(names) {
  const hash = hashOf(inputs);
  return names.filter((name) => !stampMatches(stampOf(name), hash));
}

async function build(name, { rustc, linker }, env) {
  const hash = hashOf(inputs);
  const { features, flags } = variants[name];
  const run = runner(`wasm-${name}`);
  removeStamp(stampOf(name));
  await makeTargetFolder(run, rustc, env);
  const rustFlags = [`-Ctarget-feature=+${features.join(",+")}`, ...flags, ...(linker ? [`-Clinker=${linker}`] : [])];
  const made = join(root, "target", name, "pkg");
  const packFlags = ["--release", "--target", "web", "--mode", "no-install", "--no-pack", "--out-dir", made];
  // One target folder per set of features, so that core is compiled once for each and kept.
  const cargoFlags = ["-Z", "build-std=core,alloc,panic_abort", "--target-dir", join(root, "target", name)];
  await run("wasm-pack", ["build", ...packFlags, ".", "--", ...cargoFlags], {
    cwd: join(root, "crates/wasm"),
    env: { ...env, RUSTFLAGS: rustFlags.join(" ") },
  });
  await optimise(run, join(made, "lanegrad_wasm_bg.wasm"), features);
  publish(made, join(root, "pkg", name));
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
  const folder = output(rustc, ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"], { env });
  if (!folder || existsSync(folder)) return;
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    await run("sudo", ["-n", "mkdir", "-p", folder], { help: `make the folder ${folder}.` });
  }
}

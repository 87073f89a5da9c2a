// Finds a Rust compiler that can build for WebAssembly, or installs one.
//
// There is no rust-toolchain.toml on purpose: where rustup cannot reach its host, a toolchain pinned there that
// is not installed makes every cargo call in this folder fail, `cargo test` of the kernels included.
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstall, canInstall } from "./apt.mjs";
import { setupDir } from "./paths.mjs";
import { output, runner, StepError, which } from "./run.mjs";
import { step } from "./steps.mjs";

const target = "wasm32-unknown-unknown";
const packages = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
const byHand =
  "install Rust from https://rustup.rs, then run `rustup target add wasm32-unknown-unknown` and `rustup component add rust-src`. " +
  `On Debian or Ubuntu, \`apt-get install ${packages.join(" ")}\` does as well.`;

/** @returns {Promise<{ rustc: string, cargo: string, linker?: string }>} */
export async function rust() {
  return rustup() ?? debian() ?? step("Rust for WebAssembly", install);
}

async function install() {
  const run = runner("rust");
  const viaRustup = await addToRustup(run);
  if (viaRustup) return viaRustup;
  if (!canInstall()) {
    throw new StepError("No Rust compiler for WebAssembly is installed, and neither rustup nor apt-get can install one here.", byHand);
  }
  await aptInstall(run, packages, byHand);
  const found = debian();
  if (!found) throw new StepError("apt-get installed Rust, but it cannot be found in /usr/bin.", byHand);
  return found;
}

/** rustup's compiler, if it has what `-Z build-std` needs: the sources of core and the target's folder. */
function rustup() {
  const rustc = which("rustc");
  const cargo = which("cargo");
  if (!rustc || !cargo || !which("rustup")) return undefined;
  const sysroot = output(rustc, ["--print", "sysroot"]);
  if (!sysroot || sysroot === "/usr") return undefined;
  const lib = join(sysroot, "lib/rustlib");
  return existsSync(join(lib, "src/rust/library/core")) && hasCore(join(lib, target, "lib")) ? { rustc, cargo } : undefined;
}

// An empty folder is not enough: set-up makes one beside Debian's compiler, other tools beside rustup's.
const hasCore = (lib) => existsSync(lib) && readdirSync(lib).some((name) => name.startsWith("libcore-"));

async function addToRustup(run) {
  if (!which("rustup")) return undefined;
  // A host that cannot be reached fails at once or hangs: one minute without a first answer is too long.
  if (!(await reachable(process.env.RUSTUP_DIST_SERVER ?? "https://static.rust-lang.org"))) return undefined;
  try {
    await run("rustup", ["target", "add", target]);
    await run("rustup", ["component", "add", "rust-src"]);
  } catch {
    return undefined; // for example a read-only installation: Debian's packages come next
  }
  return rustup();
}

async function reachable(host) {
  try {
    await fetch(host, { method: "HEAD", signal: AbortSignal.timeout(5000) });
    return true;
  } catch {
    return false;
  }
}

/** Debian's compiler, which stands beside rustup's: /usr/bin is later on PATH. */
function debian() {
  const linker = newestLinker();
  const ready = existsSync("/usr/bin/rustc") && existsSync("/usr/bin/cargo") && existsSync("/usr/lib/rustlib/src/rust/library/core");
  return ready && linker ? { rustc: "/usr/bin/rustc", cargo: "/usr/bin/cargo", linker } : undefined;
}

function newestLinker() {
  const version = (name) => Number(/^wasm-ld-(\d+)$/.exec(name)?.[1] ?? 0);
  const best = existsSync("/usr/bin")
    ? readdirSync("/usr/bin")
        .filter(version)
        .sort((a, b) => version(b) - version(a))[0]
    : undefined;
  return best && join("/usr/bin", best);
}

/** The cargo for this machine's own programs: tools and the kernels' tests. */
export const hostCargo = () => which("cargo") ?? "cargo";

/** The environment in which this compiler is the `cargo` and `rustc` that everything finds first. */
export function rustEnv({ rustc, cargo }, extraPath = []) {
  const bin = join(setupDir, "rust-bin");
  mkdirSync(bin, { recursive: true });
  link(join(bin, "rustc"), rustc);
  link(join(bin, "cargo"), cargo);
  // build-std is unstable: RUSTC_BOOTSTRAP lets a stable compiler do it.
  const env = { ...process.env, RUSTC_BOOTSTRAP: "1", PATH: [bin, ...extraPath, process.env.PATH].join(delimiter) };
  for (const name of ["RUSTC", "CARGO", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"]) delete env[name];
  return env;
}

/** Leaves a link alone that is right: a build beside this one may be about to follow it. */
function link(path, file) {
  try {
    if (readlinkSync(path) === file) return;
    rmSync(path);
  } catch {
    // There is none yet.
  }
  symlinkSync(file, path);
}

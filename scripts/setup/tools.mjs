// wasm-pack and the wasm-bindgen command: from PATH where the version is right, else compiled into .setup/tools.
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, toolsDir } from "./paths.mjs";
import { output, runner, StepError, which } from "./run.mjs";
import { step } from "./steps.mjs";

/** The command must be of exactly the version of the crate, which Cargo.lock names. */
function bindgenVersion() {
  const version = /name = "wasm-bindgen"\nversion = "(.+)"/.exec(readFileSync(join(root, "Cargo.lock"), "utf8"))?.[1];
  if (!version) throw new StepError("Cargo.lock does not name a version of wasm-bindgen.", "restore Cargo.lock from git.");
  return version;
}

/** Folders of both tools, for PATH. What is missing is compiled by any cargo there is, else by that of `compiler`, a promise. */
export async function tools(compiler) {
  const wanted = [
    { crate: "wasm-bindgen-cli", program: "wasm-bindgen", version: bindgenVersion() },
    { crate: "wasm-pack", program: "wasm-pack" },
  ].map((tool) => ({ ...tool, file: find(tool) }));
  const missing = wanted.filter((tool) => !tool.file);
  if (missing.length > 0) {
    const cargo = which("cargo") ?? (await compiler).cargo;
    await step(missing.map((tool) => tool.crate).join(", "), () => compile(cargo, missing));
  }
  return [...new Set(wanted.map((tool) => (tool.file ? dirname(tool.file) : join(toolsDir, "bin"))))];
}

function find({ program, version }) {
  const files = [which(program, join(toolsDir, "bin")), which(program)];
  return files.find((file) => file && (!version || output(file, ["--version"])?.endsWith(` ${version}`)));
}

async function compile(cargo, missing) {
  mkdirSync(toolsDir, { recursive: true });
  const run = runner("tools");
  // One target folder: the crates that both share are compiled once. Unoptimised is fast enough for a few files.
  const env = { ...process.env, CARGO_TARGET_DIR: join(toolsDir, "target"), CARGO_PROFILE_DEV_DEBUG: "0" };
  for (const { crate, program, version } of missing) {
    const exact = version ? ["--version", `=${version}`] : [];
    // Away from the project, whose settings are for its own crates.
    await run(cargo, ["install", "--debug", "--root", toolsDir, crate, "--bin", program, ...exact], {
      env,
      cwd: toolsDir,
      help: `see that the crates registry can be reached, or install ${crate}${version ? ` ${version}` : ""} by hand so that it is on PATH.`,
    });
  }
}

// node scripts/licences.mjs [--check]: writes THIRD-PARTY.md (or says whether it is up to date), the licences of the crates that are compiled into the .wasm files and their glue.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./setup/paths.mjs";
import { hostCargo } from "./setup/rust.mjs";

const { status, stdout } = spawnSync(
  hostCargo(),
  ["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"],
  { cwd: root, encoding: "utf8", maxBuffer: 1e8, stdio: ["ignore", "pipe", "inherit"] },
);
if (status !== 0) process.exit(1);
const { packages, resolve } = JSON.parse(stdout);
const byId = new Map(packages.map((one) => [one.id, one]));
const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));

/** What is linked: dependencies from the bindings on, without those that only build scripts and macros use. */
function linked() {
  const found = new Set();
  const visit = (id) => {
    if (found.has(id)) return;
    found.add(id);
    const isMacro = byId.get(id).targets.some(({ kind }) => kind.includes("proc-macro"));
    if (isMacro) return;
    for (const { pkg, dep_kinds } of nodes.get(id).deps) if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
  };
  visit(packages.find(({ name }) => name === "lanegrad-wasm").id);
  return [...found].map((id) => byId.get(id)).filter(({ source }) => source !== null);
}

function textsOf({ name, manifest_path: manifest }) {
  const folder = dirname(manifest);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file) && existsSync(join(folder, file)));
  // Of a choice, the one that asks least; what comes on top of it always.
  const mit = files.filter((file) => /mit|notice|unicode/i.test(file));
  const chosen = mit.length > 0 ? mit : files;
  if (chosen.length === 0) throw new Error(`${name} has no text of its licence`);
  return chosen.map((file) => readFileSync(join(folder, file), "utf8").trim());
}

const parts = linked()
  .sort((a, b) => (a.name < b.name ? -1 : 1))
  .map(
    (one) =>
      `## ${one.name} ${one.version}\n\n${one.license}, ${one.repository ?? ""}\n\n${textsOf(one)
        .map((text) => `\`\`\`\n${text}\n\`\`\`\n`)
        .join("\n")}`,
  );
const head =
  "# Third-party licences\n\nThe WebAssembly files of lanegrad, and the glue around them, contain or were made with these crates, and Rust's `core` and `alloc` " +
  "(MIT OR Apache-2.0, https://github.com/rust-lang/rust). The scripts contain no code of others. Made by `node scripts/licences.mjs`.\n\n";
const file = join(root, "THIRD-PARTY.md");
const text = head + parts.join("\n");
if (!process.argv.includes("--check")) writeFileSync(file, text);
else if (readFileSync(file, "utf8") !== text) {
  console.error("THIRD-PARTY.md is not up to date: node scripts/licences.mjs");
  process.exit(1);
}

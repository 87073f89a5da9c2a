// node scripts/golden.mjs [op...]: stores what PyTorch gives for the samples of the op table, in tests/golden/ops/<op>.json.
// Without names, all ops. Needs python3 with torch; the tests only read the files.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup/paths.mjs";

const folder = join(root, "tests/golden/ops");
const names = process.argv.slice(2);

function run(command, args, input) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: root,
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (error) throw error;
  if (status !== 0) process.exit(1);
  return stdout;
}

const tsx = ["--import", "tsx", "--conditions=lanegrad-source"];
const { ops, calls } = JSON.parse(run(process.execPath, [...tsx, "tests/harness/dump.ts", ...names]));
const results = JSON.parse(run("python3", ["tests/golden/golden.py"], JSON.stringify(calls.map(({ call }) => call))));

const wrong = new Map(results.flatMap(({ wrong }, i) => (wrong ? [[calls[i].call.op, wrong]] : [])));
const files = new Map();
calls.forEach(({ key, call }, i) => {
  const lines = files.get(call.op) ?? [];
  lines.push(`${JSON.stringify(key)}: ${JSON.stringify(results[i])}`);
  files.set(call.op, lines);
});

mkdirSync(folder, { recursive: true });
if (names.length === 0) for (const file of readdirSync(folder)) if (!ops.includes(file.replace(/\.json$/, ""))) rmSync(join(folder, file));
for (const [op, lines] of files) if (!wrong.has(op)) writeFileSync(join(folder, `${op}.json`), `{\n${lines.join(",\n")}\n}\n`);
console.log(`${calls.length} results of ${files.size - wrong.size} ops in tests/golden/ops`);
for (const message of wrong.values()) console.error(message);
process.exitCode = wrong.size === 0 ? 0 : 1;

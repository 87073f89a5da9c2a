// npm run bench: lanegrad beside plain JavaScript, each measurement in its own process, the sides taking turns.
//   --quick            one short round
//   --only <regex>     rows whose "subject name" matches
//   --threads 1,4      thread counts of lanegrad; default 1 and all cores
//   --json <file>      where the numbers go; default bench/results/<date>.json
//   --relaxed          Node 20: with the flag that lets it run the relaxed build
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Effort, RowFacts, Task } from "./child.js";
import type { Limit } from "./limit.js";
import { downloadSizes, loadTime } from "./load.js";
import { load, machine, quietness } from "./machine.js";
import { type Backend, type Failure, type Measured, type Results, printResults } from "./report.js";

const subjects = ["gemm", "conv", "elementwise", "softmax", "mlp", "cnn", "overhead"];
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    threads: { type: "string", default: [...new Set([1, availableParallelism()])].join(",") },
    json: { type: "string" },
    relaxed: { type: "boolean", default: false },
  },
});

const threads = options.threads.split(",").map(Number);
if (!threads.every((n) => Number.isInteger(n) && n >= 1))
  throw new Error(`--threads ${options.threads}: expected whole numbers from 1 on, as in --threads 1,4`);
const only = new RegExp(options.only, "i");
const rounds = options.quick ? 1 : 2;
const effort: Effort = options.quick ? { seconds: 0.2, minSamples: 3 } : { seconds: 0.8, minSamples: 5 };
const nodeFlags = options.relaxed ? ["--experimental-wasm-relaxed-simd"] : [];

function child<T>(task: Task): Promise<T> {
  return new Promise((done, fail) => {
    const args = [...nodeFlags, "--import", "tsx", here("child.ts"), JSON.stringify(task)];
    const process_ = spawn(process.execPath, args, { cwd: here(".."), stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    process_.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    process_.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    process_.on("error", fail);
    process_.on("close", (code) => {
      if (code === 0) done(JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as T);
      else fail(new Error(`bench/child.ts ${JSON.stringify(task)} ended with status ${code}\n${stderr}`));
    });
  });
}

const tty = process.stderr.isTTY;
const progress = (text: string): boolean => process.stderr.write(tty ? `\r\x1b[K${text}` : `${text}\n`);

interface Timed {
  samples: number[];
  backend?: Backend;
}

async function measure(subject: string, row: RowFacts): Promise<Measured> {
  const name = `${subject} ${row.name}`;
  progress(`${name}: check`);
  for (const n of threads) await child<unknown>({ do: "check", subject, row: row.name, threads: n });
  const baseline: number[] = [];
  const lanegrad = threads.map((n) => ({ threads: n, samples: [] as number[], backend: undefined as Backend | undefined }));
  for (let round = 1; round <= rounds; round++) {
    progress(`${name}: round ${round} of ${rounds}`);
    const task = { do: "time", subject, row: row.name, ...effort } as const;
    if (row.hasBaseline) baseline.push(...(await child<Timed>({ ...task, side: "baseline", threads: 1 })).samples);
    for (const side of lanegrad) {
      const timed = await child<Timed>({ ...task, side: "lanegrad", threads: side.threads });
      side.samples.push(...timed.samples);
      side.backend = timed.backend;
    }
  }
  return { subject, row, baseline, lanegrad };
}

async function limits(): Promise<Limit> {
  progress("limit of the machine");
  return child<Limit>({ do: "limit" });
}

const larger = (a: Limit, b: Limit): Limit => ({
  plain: Math.max(a.plain, b.plain),
  relaxed: a.relaxed === null || b.relaxed === null ? null : Math.max(a.relaxed, b.relaxed),
});

const loadBefore = load();
const date = new Date().toISOString();
const before = await limits();
const measured: Measured[] = [];
const failures: Failure[] = [];
for (const subject of subjects) {
  const rows = await child<RowFacts[]>({ do: "list", subject });
  for (const row of rows.filter((candidate) => only.test(`${subject} ${candidate.name}`))) {
    try {
      measured.push(await measure(subject, row));
    } catch (error) {
      // One row that fails does not stop the others.
      failures.push({ name: `${subject} ${row.name}`, error: (error as Error).message });
    }
  }
}
const withLoad = only.test("load");
if (withLoad) progress("load time");
const results: Results = {
  date,
  machine: machine(),
  loadBefore,
  loadAfter: load(),
  notQuiet: quietness(loadBefore),
  quick: options.quick,
  limit: larger(before, await limits()),
  rows: measured,
  failures,
  load: withLoad ? threads.map((n) => loadTime(n, options.quick ? 3 : 9, nodeFlags)) : [],
  bytes: withLoad ? downloadSizes() : [],
};
if (tty) progress("");
console.log(printResults(results));

const file = resolve(options.json ?? here(`results/${date.slice(0, 19).replaceAll(":", "-")}.json`));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
console.log(`\nNumbers: ${file}`);
process.exit(failures.length > 0 ? 1 : 0);

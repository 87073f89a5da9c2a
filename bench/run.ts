// npm run bench: lanegrad beside its peers, each in its own process, the sides taking turns. See bench/options.ts.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Limits, better } from "./limit.js";
import { downloadSizes, loadTimes } from "./load.js";
import { machine, quietness } from "./machine.js";
import { markdown } from "./markdown.js";
import { type Plan, measureGroup } from "./measure.js";
import { optionsOf } from "./options.js";
import { root } from "./process.js";
import { printResults } from "./report.js";
import type { Results, RowResult } from "./results.js";
import type { Row } from "./row.js";
import { rows, titleOf } from "./rows/index.js";
import { newestNode, relaxedFlag, sidesOf } from "./sides.js";

const options = optionsOf(process.argv.slice(2));
const tty = process.stderr.isTTY;
const progress = (text: string): void => void process.stderr.write(tty ? `\r\x1b[K${text}` : `${text}\n`);

const pace: Omit<Plan, "measured"> = options.quick
  ? { effort: { seconds: 0.1, minSamples: 3 }, rounds: 1, longSeconds: 0.7, patienceSeconds: 30, progress }
  : { effort: { seconds: 0.25, minSamples: 4 }, rounds: 3, longSeconds: 3, patienceSeconds: 90, progress };

/** In a process of its own, on a Node with relaxed SIMD: the plain limit does not depend on the version. */
function measureLimits(): Limits {
  progress("limits of the machine");
  const [program, flags] = existsSync(newestNode) ? [newestNode, []] : [process.execPath, [relaxedFlag]];
  const output = execFileSync(program, [...flags, "--import", "tsx", join(root, "bench/limit.ts")], { cwd: root, encoding: "utf8" });
  return JSON.parse(output.trim().split("\n").at(-1)!) as Limits;
}

/** Rows that share their processes: those of a subject, or one alone. */
function groupsOf(chosen: readonly Row[]): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of chosen) {
    const key = row.alone ? titleOf(row) : row.subject;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

const start = performance.now();
const date = new Date().toISOString();
progress("is the machine quiet?");
const notQuiet = await quietness(options.quick ? 5 : 60);
const before = measureLimits();
const sides = sidesOf(["lanegrad", ...options.peers], options.threads, options.relaxed);
const results: Results = {
  date,
  unfinished: true,
  machine: machine(),
  notQuiet,
  quick: options.quick,
  limits: before,
  rows: [],
  load: [],
  bytes: [],
  minutes: 0,
};

/** In one step, so that a reader never finds half of it. */
function write(file: string, text: string): string {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
  return path;
}

/** Writes what there is so far; says where. */
function save(): string[] {
  results.minutes = (performance.now() - start) / 60_000;
  const numbers = options.json ?? join(root, `bench/results/${date.slice(0, 19).replaceAll(":", "-")}.json`);
  const lines = [`Numbers: ${write(numbers, JSON.stringify(results, null, 1))}`];
  if (options.markdown) lines.push(`Table: ${write(options.markdown, markdown(results))}`);
  return lines;
}

function measured(row: RowResult): void {
  results.rows.push(row);
  save();
}

for (const group of groupsOf(rows.filter((row) => options.only.test(titleOf(row))))) {
  await measureGroup(group, sides, { ...pace, measured });
}
if (options.only.test("load")) {
  progress("load time");
  results.load = loadTimes(options.peers, options.quick ? 3 : 9);
  results.bytes = downloadSizes();
}
if (!options.quick) results.limits = better(before, measureLimits());
delete results.unfinished;
const saved = save();
if (tty) progress("");
console.log(printResults(results));
console.log(`\n${saved.join("\n")}`);
// A peer that throws is a result; lanegrad that throws is a fault.
const faults = results.rows.some((row) => row.sides.some((side) => side.peer.startsWith("lanegrad") && side.error !== undefined));
process.exit(faults ? 1 : 0);

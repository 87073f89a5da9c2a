// node scripts/profile.mjs: where the time goes in the training steps of the bench, see docs/performance.md.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Profile, backend, init, profile } from "lanegrad";
import { place } from "./lanegrad/peer.js";
import { train } from "./lanegrad/model.js";
import type { Row } from "./row.js";
import { rows, titleOf } from "./rows/index.js";

const help = `node scripts/profile.mjs [options]
  --only <regex>   training rows of the bench whose "subject name" matches; default "^training"
  --steps <n>      steps that are measured; default 5
  --threads <n>    default 1
  --relaxed        the relaxed build, on Node 20 by a flag
  --trace <file>   also the Chrome trace of the last row
  --write          puts the tables into docs/performance.md, between its marks`;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "^training" },
    steps: { type: "string", default: "5" },
    threads: { type: "string", default: "1" },
    relaxed: { type: "boolean", default: false },
    trace: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(help);
  process.exit(0);
}
const steps = Number(options.steps);
const WARM = 30;
const TRIES = 40;

/** The profile that took least of many: what else the machine does only adds. */
function profileOf(row: Row): Profile<unknown> {
  const inputs = Object.fromEntries(Object.entries(row.inputs).map(([name, spec]) => [name, place(spec)]));
  const { run } = train(inputs, row);
  const several = (): void => {
    for (let i = 0; i < steps; i++) run();
  };
  for (let i = 0; i < WARM; i += steps) several();
  let best = profile(several);
  for (let i = 1; i < TRIES; i++) {
    const next = profile(several);
    if (next.duration < best.duration) best = next;
  }
  return best;
}

/** Rows of a markdown table: at least one part in a hundred of the time. */
function tableOf(p: Profile<unknown>): string {
  const ms = (value: number): string => (value / steps).toFixed(3);
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const shown = p.ops.filter((row) => row.share >= 0.01);
  const lines = shown.map(
    (row) => `| \`${row.name}\` | ${row.calls / steps} | ${ms(row.self)} | ${percent(row.share)} | ${percent(row.inKernels / row.self)} |`,
  );
  const named = shown.reduce((sum, row) => sum + row.self, 0);
  const inOps = p.ops.reduce((sum, row) => sum + row.self, 0);
  const inKernels = p.kernels.reduce((sum, row) => sum + row.self, 0);
  lines.push(`| other ops | | ${ms(inOps - named)} | ${percent((inOps - named) / p.duration)} | |`);
  lines.push(`| outside of ops | | ${ms(p.duration - inOps)} | ${percent(1 - inOps / p.duration)} | |`);
  lines.push(`| **all** | | **${ms(p.duration)}** | | **${percent(inKernels / p.duration)}** |`);
  return ["| op | calls | ms | share | of it in kernels |", "|---|---|---|---|---|", ...lines].join("\n");
}

await init({ threads: Number(options.threads) });
const chosen = rows.filter((row) => row.kind === "train" && new RegExp(options.only, "i").test(titleOf(row)));
if (chosen.length === 0) throw new Error(`--only ${options.only}: no training row has such a name`);
const { variant, threads } = backend();
const parts = [
  `One step each, by op, of the \`${variant}\` build on ${threads} thread${threads === 1 ? "" : "s"}, Node ${process.versions.node}.`,
];
let last: Profile<unknown> | undefined;
for (const row of chosen) {
  try {
    last = profileOf(row);
    parts.push(`### ${row.name}`, tableOf(last));
  } catch (error) {
    console.warn(`${titleOf(row)}: ${String(error)}`);
  }
}
const text = parts.join("\n\n");
console.log(text);
if (options.trace) await last?.saveChromeTrace(options.trace);
if (options.write) {
  const page = new URL("../docs/performance.md", import.meta.url);
  const before = readFileSync(page, "utf8");
  const after = before.replace(
    /(<!-- profiles -->\n)[\s\S]*?(\n<!-- end of profiles -->)/,
    (_, start: string, end: string) => start + text + end,
  );
  writeFileSync(page, after);
}

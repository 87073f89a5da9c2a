// One measurement in a process of its own: `child.ts <JSON of a Task>`. Its last line on stdout is the answer as JSON.
import Benchmark from "benchmark";
import { backend, init } from "lanegrad";
import { type Row, difference } from "./row.js";

export interface Effort {
  /** Seconds of sampling. */
  seconds: number;
  minSamples: number;
}

export type Task =
  | { do: "list"; subject: string }
  | { do: "check"; subject: string; row: string; threads: number }
  | ({ do: "time"; subject: string; row: string; side: "baseline" | "lanegrad"; threads: number } & Effort)
  | { do: "limit" };

/** A row without its functions. */
export type RowFacts = Omit<Row, "baseline" | "lanegrad"> & { hasBaseline: boolean };

const rowsOf = async (subject: string): Promise<Row[]> => ((await import(`./${subject}.ts`)) as { rows: Row[] }).rows;

async function rowOf(subject: string, name: string): Promise<Row> {
  const row = (await rowsOf(subject)).find((candidate) => candidate.name === name);
  if (!row) throw new Error(`no row "${name}" in bench/${subject}.ts`);
  return row;
}

const facts = ({ baseline, lanegrad: _, ...rest }: Row): RowFacts => ({ ...rest, hasBaseline: baseline !== undefined });

/** How far the results of the two sides are apart. */
function check(row: Row): number {
  if (!row.baseline) return 0;
  const sides = [row.baseline(), row.lanegrad()];
  const [baseline, lanegrad] = sides.map((side) => {
    for (let i = 0; i < (row.checkRuns ?? 1); i++) side.run();
    return side.result();
  });
  const apart = difference(baseline!, lanegrad!);
  const allowed = row.tolerance ?? 1e-5;
  if (!(apart <= allowed))
    throw new Error(`${row.name}: lanegrad is ${apart.toExponential(1)} away from the baseline, more than ${allowed}`);
  return apart;
}

/** Runs until the engine has optimised it; gives the seconds of the last run. */
function warmUp(run: () => void, seconds: number): number {
  const start = performance.now();
  for (let runs = 1; ; runs++) {
    const before = performance.now();
    run();
    const now = performance.now();
    if (runs > 1 && now - start > seconds * 1000) return (now - before) / 1000;
  }
}

/** Seconds per run, one number per sample. */
async function time(run: () => void, { seconds, minSamples }: Effort): Promise<number[]> {
  const one = warmUp(run, Math.min(0.5, seconds / 2));
  return new Promise((resolve, reject) => {
    const options = {
      fn: run,
      // Between samples the event loop turns, as in a program that reads batches: finalisers and timers get their chance.
      async: true,
      maxTime: seconds,
      minSamples: one > 0.5 ? 2 : minSamples,
      onComplete: () => resolve(benchmark.stats.sample),
      onError: () => reject(benchmark.error),
    };
    const benchmark = new Benchmark(options);
    benchmark.run();
  });
}

async function answer(task: Task): Promise<unknown> {
  // Binaryen takes seconds to load, so only where it is needed.
  if (task.do === "limit") return (await import("./limit.js")).limit();
  if (task.do === "list") return (await rowsOf(task.subject)).map(facts);
  const row = await rowOf(task.subject, task.row);
  if (task.do === "time" && task.side === "baseline") return { samples: await time(row.baseline!().run, task) };
  await init({ threads: task.threads });
  if (task.do === "check") return { apart: check(row), backend: backend() };
  return { samples: await time(row.lanegrad().run, task), backend: backend() };
}

console.log(JSON.stringify(await answer(JSON.parse(process.argv[2]!) as Task)));
process.exit(0);

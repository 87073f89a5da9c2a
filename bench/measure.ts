// Measures the rows of one group: the same processes for all of them, the sides taking turns.
import { certain } from "./model.js";
import type { Running } from "./process.js";
import type { Measured, RowResult } from "./results.js";
import type { Row } from "./row.js";
import { titleOf } from "./rows/index.js";
import type { Effort } from "./sampler.js";
import type { Reply } from "./serve.js";
import { type SideSpec, sideName } from "./sides.js";
import { difference } from "./sketch.js";

export interface Plan {
  effort: Effort;
  rounds: number;
  /** A run longer than this is measured once. */
  longSeconds: number;
  /** A side that takes longer than this for a row is given up. */
  patienceSeconds: number;
  progress: (text: string) => void;
  /** Called after each row: a run that is killed keeps what it has. */
  measured: (row: RowResult) => void;
}

/** Whose result the others are compared with: the first of these that has one. */
const referees = ["torch", "plain", "tfjs-cpu", "tfjs-wasm", "ort", "jax"];

interface Started {
  spec: SideSpec;
  /** Undefined where it did not start, or its process has ended: the next row tries again. */
  running?: Running;
}

type Checked = Measured & { reply?: Extract<Reply, { sketch: unknown }>; started: Started };

export async function measureGroup(rows: readonly Row[], specs: readonly SideSpec[], plan: Plan): Promise<void> {
  const started: Started[] = specs.map((spec) => ({ spec }));
  try {
    for (const row of rows) {
      plan.progress(`${titleOf(row)}: check`);
      const failures = await startAll(started);
      plan.measured(await measureRow(row, started, failures, plan));
    }
  } finally {
    await Promise.all(started.map(async ({ running }) => running?.stop()));
  }
}

/** Starts what is not running; says what did not start. */
async function startAll(started: Started[]): Promise<Map<Started, string>> {
  const failures = new Map<Started, string>();
  const start = async (side: Started): Promise<void> => {
    try {
      side.running ??= await side.spec.start();
    } catch (error) {
      failures.set(side, (error as Error).message);
    }
  };
  await Promise.all(started.map(start));
  return failures;
}

async function measureRow(row: Row, started: readonly Started[], failures: ReadonlyMap<Started, string>, plan: Plan): Promise<RowResult> {
  const checked: Checked[] = [];
  for (const side of started) checked.push(await check(row, side, failures.get(side), plan));
  const reference =
    referees.flatMap((peer) => checked.filter((side) => side.peer === peer && side.reply)).at(0) ?? checked.find((side) => side.reply);
  for (const side of checked) if (side !== reference) compare(side, reference, row);
  const fit = checked.filter((side) => side.reply && side.error === undefined);
  for (let round = 1; round <= plan.rounds; round++) {
    plan.progress(`${titleOf(row)}: round ${round} of ${plan.rounds}`);
    for (const side of fit) if (side.error === undefined) await time(row, side, round, plan);
  }
  const { inputs: _, parameters: __, ...facts } = row;
  return {
    title: titleOf(row),
    row: facts,
    reference: reference && sideName(reference),
    sides: checked.map(({ reply: _reply, started: _started, ...measured }) => measured),
  };
}

async function check(row: Row, started: Started, failure: string | undefined, { patienceSeconds }: Plan): Promise<Checked> {
  const { peer, threads } = started.spec;
  const side: Checked = { peer, threads, samples: [], started };
  if (!started.running) return { ...side, error: `did not start: ${failure}` };
  const reply = await started.running.ask({ do: "check", row: certain(row) }, patienceSeconds);
  if ("missing" in reply) return { ...side, missing: reply.missing };
  if ("error" in reply) return fail(side, reply.error);
  if (!("sketch" in reply)) return { ...side, error: "unexpected answer" };
  return { ...side, reply, about: reply.about, memory: reply.memory };
}

/** Notes an error; a process that has ended is started anew for the next row. */
function fail(side: Checked, error: string): Checked {
  if (/^its process ended|^took over/.test(error)) side.started.running = undefined;
  return Object.assign(side, { error, samples: [] });
}

function compare(side: Checked, reference: Checked | undefined, row: Row): void {
  if (!side.reply || !reference?.reply) return;
  side.apart = difference(reference.reply.sketch, side.reply.sketch);
  const allowed = row.tolerance ?? (row.moments ? 1e-2 : 1e-5);
  if (!(side.apart <= allowed))
    side.error = `disagrees: ${side.apart.toExponential(1)} away from ${sideName(reference)}, more than ${allowed}`;
}

async function time(row: Row, side: Checked, round: number, { effort, longSeconds, patienceSeconds }: Plan): Promise<void> {
  const { seconds } = side.reply!;
  if (seconds > longSeconds) {
    if (round === 1) side.samples.push(seconds);
    return;
  }
  const reply = await side.started.running!.ask({ do: "time", row, effort }, patienceSeconds);
  if ("samples" in reply) side.samples.push(...reply.samples);
  else fail(side, "error" in reply ? reply.error : "unexpected answer");
}

// What a peer does for the runner, wherever it runs: make a row ready, run it and show the result, time it.
import type { Row, Side } from "./row.js";
import { type Effort, sample, warmUp } from "./sampler.js";
import { type Sketch, sketch } from "./sketch.js";

/** A library on one engine, with what it was started with. */
export interface Peer {
  /** Throws `Missing` for what the library has no function for. */
  prepare: (row: Row) => Side | Promise<Side>;
  /** Said of the peer in the report. */
  about?: () => Record<string, unknown>;
  /** Bytes of WebAssembly memory: the most that tensors held, and all that there is. */
  memory?: () => { peak: number; reserved: number };
}

/** The library has no such function: nothing to measure, and no fault. */
export class Missing extends Error {}

export type Task = { do: "check"; row: Row } | { do: "time"; row: Row; effort: Effort };

export type Reply =
  | {
      sketch: Sketch;
      /** Of the last run. */ seconds: number;
      about?: Record<string, unknown>;
      memory?: { peak: number; reserved: number };
    }
  | { samples: number[] }
  | { missing: string }
  | { error: string };

/** The function of a table that runs a row. */
export function kindOf<F>(kinds: Readonly<Record<string, F>>, row: Row, library: string): F {
  const found = kinds[row.kind];
  if (!found) throw new Missing(`${library} has no ${row.kind}`);
  return found;
}

const COLD_SECONDS = 0.3;

async function secondsOf(side: Side): Promise<number> {
  const start = performance.now();
  await side.run();
  return (performance.now() - start) / 1000;
}

/** Answers tasks; the row of the last one stays ready. */
export function answering(peer: Peer): (task: Task) => Promise<Reply> {
  let ready: { key: string; side: Side; count?: number } | undefined;
  return async (task) => {
    try {
      const key = JSON.stringify(task.row);
      if (ready?.key !== key) ready = { key, side: await peer.prepare(task.row) };
      const { side } = ready;
      if (task.do === "time") {
        ready.count ??= await warmUp(side.run, task.effort);
        return { samples: await sample(side.run, ready.count, task.effort) };
      }
      const { checkRuns = 1, moments } = task.row;
      let seconds = 0;
      for (let i = 0; i < checkRuns; i++) seconds = await secondsOf(side);
      const result = sketch(await side.result(), moments);
      // A first run compiles and touches memory: one that took long is not taken for the rule.
      if (checkRuns === 1 && seconds > COLD_SECONDS) seconds = await secondsOf(side);
      return { sketch: result, seconds, about: peer.about?.(), memory: peer.memory?.() };
    } catch (error) {
      ready = undefined;
      const message = error instanceof Error ? error.message : String(error);
      return error instanceof Missing ? { missing: message } : { error: message || "an error without a message" };
    }
  };
}

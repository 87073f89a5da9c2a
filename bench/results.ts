// What a run of the bench finds out: this is what --json writes.
import type { Limits } from "./limit.js";
import type { Bytes, LoadTime } from "./load.js";
import type { Machine } from "./machine.js";
import type { Row } from "./row.js";
import { median } from "./table.js";

/** One side of one row. */
export interface Measured {
  peer: string;
  threads: number;
  /** Seconds of one run, one number per sample; none when it was not timed. */
  samples: number[];
  /** Why it was not: the library has no such function, or what it threw. */
  missing?: string;
  error?: string;
  /** How far its result is from the reference's. */
  apart?: number;
  about?: Record<string, unknown>;
  memory?: { peak: number; reserved: number };
}

export interface RowResult {
  title: string;
  row: Omit<Row, "inputs" | "parameters">;
  /** The side that the others are compared with. */
  reference?: string;
  sides: Measured[];
}

export interface Results {
  date: string;
  /** Written on the way: rows, load times and the limits after the run are still to come. */
  unfinished?: true;
  machine: Machine;
  notQuiet?: string;
  quick: boolean;
  minutes: number;
  limits: Limits;
  rows: RowResult[];
  load: LoadTime[];
  bytes: Bytes[];
}

export const find = ({ sides }: RowResult, peer: string, threads = 1): Measured | undefined =>
  sides.find((side) => side.peer === peer && side.threads === threads);

/** The median time, if the side was timed. */
export function timeOf(result: RowResult | undefined, peer: string, threads = 1): number | undefined {
  const samples = result && find(result, peer, threads)?.samples;
  return samples?.length ? median(samples) : undefined;
}

// How lanegrad stands: against the limits of the machine, the bars of the rows, and the peers.
import { type Limits, copyRate } from "./limit.js";
import { type RowResult, type Results, find, timeOf } from "./results.js";
import type { Bar } from "./row.js";

/** JavaScript and WebAssembly peers: lanegrad is to be behind none. */
export const rivals = ["plain", "tfjs-cpu", "tfjs-wasm", "jax", "ort"];

export interface Verdict {
  title: string;
  side: string;
  /** "0.92 of the multiply-add limit". */
  value: number;
  of: string;
  /** The bar: at least, or at most. */
  bar: number;
  atLeast: boolean;
  ok: boolean;
}

/** Whether a side ran the relaxed build. */
const isRelaxed = (result: RowResult, peer: string, threads: number): boolean => find(result, peer, threads)?.about?.["relaxed"] === true;

/** What part of the machine's limit a side reaches: of multiply-adds, else of copying. */
export function partOfLimit(result: RowResult, limits: Limits, peer: string, threads = 1): number | undefined {
  const { flops, bytes } = result.row;
  const seconds = timeOf(result, peer, threads);
  if (seconds === undefined) return undefined;
  if (bytes !== undefined) return bytes / seconds / 1e9 / copyRate(limits, bytes, threads);
  const limit = isRelaxed(result, peer, threads) ? limits.relaxed : limits.plain;
  return flops === undefined || !limit ? undefined : flops / seconds / 1e9 / limit[threads > 1 ? 1 : 0];
}

function judge(result: RowResult, bar: Bar, results: Results, peer: string): Omit<Verdict, "title" | "side"> | undefined {
  const seconds = timeOf(result, peer);
  if (seconds === undefined) return undefined;
  const atLeast = (value: number | undefined, part: number, of: string) =>
    value === undefined ? undefined : { value, of, bar: part, atLeast: true, ok: value >= part };
  const atMost = (value: number, times: number, of: string) => ({ value, of, bar: times, atLeast: false, ok: value <= times });
  if ("limit" in bar)
    return atLeast(
      partOfLimit({ ...result, row: { ...result.row, bytes: undefined } }, results.limits, peer),
      bar.limit,
      "of the multiply-add limit",
    );
  if ("copy" in bar) return atLeast(partOfLimit(result, results.limits, peer), bar.copy, "of the copy bandwidth");
  if ("peer" in bar) {
    const theirs = timeOf(result, bar.peer);
    return theirs === undefined ? undefined : atMost(seconds / theirs, bar.times, `x the time of ${bar.peer}`);
  }
  const other = results.rows.find(({ title }) => title === bar.row);
  const theirs = timeOf(other, peer);
  if (theirs === undefined) return undefined;
  if ("times" in bar) return atMost(seconds / theirs, bar.times, `x the time of ${bar.row}`);
  const rate = result.row.flops! / seconds / (other!.row.flops! / theirs);
  return atLeast(rate, bar.rate, `of the GFLOP/s of ${bar.row}`);
}

/** Two threads against one, as part of what the limit's kernel gains. */
function gain(result: RowResult, { limits }: Results, peer: string): Omit<Verdict, "title" | "side"> | undefined {
  const [one, two] = [timeOf(result, peer, 1), timeOf(result, peer, 2)];
  const limit = isRelaxed(result, peer, 1) ? limits.relaxed : limits.plain;
  if (one === undefined || two === undefined || !limit) return undefined;
  const value = one / two / (limit[1] / limit[0]);
  return { value, of: "of the limit's gain by a second thread", bar: 0.85, atLeast: true, ok: value >= 0.85 };
}

/** The most memory that tensors held, against what must live. */
function memory(result: RowResult, peer: string): Omit<Verdict, "title" | "side"> | undefined {
  const { alive, memoryBar } = result.row;
  const peak = find(result, peer)?.memory?.peak;
  if (alive === undefined || memoryBar === undefined || peak === undefined) return undefined;
  return { value: peak / alive, of: "x the bytes that must live", bar: memoryBar, atLeast: false, ok: peak / alive <= memoryBar };
}

export function verdicts(results: Results): Verdict[] {
  return results.rows.flatMap((result) =>
    ["lanegrad", "lanegrad-relaxed"].flatMap((side) => {
      const { bar, threaded } = result.row;
      const relaxed = isRelaxed(result, side, 1);
      const own = bar && "plain" in bar ? (relaxed ? bar.relaxed : bar.plain) : bar;
      const found = [own && judge(result, own, results, side), threaded && gain(result, results, side), memory(result, side)];
      return found.flatMap((verdict) => (verdict ? [{ title: result.title, side, ...verdict }] : []));
    }),
  );
}

export interface Behind {
  title: string;
  rival: string;
  /** Times slower than the rival. */
  times: number;
}

/** Rows on which a rival's one thread is faster than lanegrad's plain SIMD on one. */
export function behind({ rows }: Results): Behind[] {
  return rows.flatMap((row) => {
    const own = timeOf(row, "lanegrad");
    if (own === undefined) return [];
    return rivals.flatMap((rival) => {
      const theirs = timeOf(row, rival);
      return theirs !== undefined && theirs < own ? [{ title: row.title, rival, times: own / theirs }] : [];
    });
  });
}

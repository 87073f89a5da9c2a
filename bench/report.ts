// The results as tables.
import type { RowFacts } from "./child.js";
import type { Limit } from "./limit.js";
import type { Bytes, LoadTime } from "./load.js";
import type { Machine } from "./machine.js";
import { align, digits, duration, median, spread } from "./table.js";

export interface Backend {
  variant: string;
  relaxed: boolean;
  threads: number;
}

export interface Measured {
  subject: string;
  row: RowFacts;
  /** Seconds of one run, one number per sample. */
  baseline: number[];
  lanegrad: { threads: number; samples: number[]; backend?: Backend }[];
}

export interface Failure {
  name: string;
  error: string;
}

export interface Results {
  date: string;
  machine: Machine;
  loadBefore: number;
  loadAfter: number;
  notQuiet?: string;
  quick: boolean;
  limit: Limit;
  rows: Measured[];
  failures: Failure[];
  load: LoadTime[];
  bytes: Bytes[];
}

const none = "-";

/** GFLOP/s or GB/s of one side. */
function rate({ flops, bytes }: RowFacts, seconds: number): string {
  if (flops !== undefined) return `${digits(flops / seconds / 1e9)} GFLOP/s`;
  if (bytes !== undefined) return `${digits(bytes / seconds / 1e9)} GB/s`;
  return none;
}

function ofLimit(limit: Limit, flops: number | undefined, seconds: number, backend: Backend | undefined): string {
  if (flops === undefined || !backend) return none;
  const one = backend.relaxed ? limit.relaxed : limit.plain;
  return one === null ? none : `${((100 * flops) / seconds / 1e9 / one / backend.threads).toFixed(0)} %`;
}

function ratio(row: RowFacts, threads: number, value: number): string {
  const text = `${digits(value)}x`;
  if (row.bar === undefined || threads !== 1) return text;
  return `${text} ${value >= row.bar ? "ok" : "BELOW"} (bar ${row.bar}x)`;
}

function lines({ rows, limit }: Results): string[][] {
  return rows.flatMap(({ subject, row, baseline, lanegrad }) => {
    const base = baseline.length > 0 ? median(baseline) : undefined;
    return lanegrad.map(({ threads, samples, backend }, i) => {
      const own = median(samples);
      const widest = Math.max(spread(samples), baseline.length > 0 ? spread(baseline) : 0);
      return [
        i === 0 ? `${subject} ${row.name}` : "",
        i === 0 && base !== undefined ? duration(base) : "",
        String(threads),
        duration(own / (row.calls ?? 1)) + (row.calls ? " each" : ""),
        base === undefined ? none : ratio(row, threads, base / own),
        base === undefined ? none : `${digits(Math.min(...baseline) / Math.min(...samples))}x`,
        rate(row, own),
        ofLimit(limit, row.flops, own, backend),
        `±${(100 * widest).toFixed(0)} %`,
      ];
    });
  });
}

export function printResults(results: Results): string {
  const { machine, limit, load, bytes, rows } = results;
  const variant = rows.flatMap((row) => row.lanegrad).find((side) => side.backend)?.backend?.variant;
  const parts = [
    `\n${results.date}  ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node} (V8 ${machine.v8}), ${machine.platform}`,
    `Limit of one thread, multiply-adds in registers: ${digits(limit.plain)} GFLOP/s plain, ${
      limit.relaxed === null ? "no relaxed SIMD in this engine" : `${digits(limit.relaxed)} GFLOP/s relaxed`
    }${variant ? `; lanegrad ran its "${variant}" build` : ""}`,
    `Load average ${results.loadBefore.toFixed(2)} before, ${results.loadAfter.toFixed(2)} after.`,
  ];
  if (results.notQuiet) parts.push(results.notQuiet);
  if (results.quick) parts.push("--quick: few samples, one round.");
  if (rows.length > 0) {
    const head = ["", "plain JS", "threads", "lanegrad", "ratio", "of best", "rate", "of limit", "spread"];
    parts.push("", align([head, ...lines(results)]));
    parts.push(
      "",
      "Medians. 'of best': the ratio of the fastest samples. spread: half the distance between quartiles, the wider side's. of limit: of all threads.",
    );
  }
  if (load.length > 0) {
    const head = ["fresh process to first result", "import", "init", "first result", "all three", "with Node's start"];
    const ms = (value: number): string => `${digits(value)} ms`;
    const times = load.map((l) => [
      `${l.threads} thread${l.threads > 1 ? "s" : ""}`,
      ms(l.import),
      ms(l.init),
      ms(l.firstResult),
      ms(l.total),
      ms(l.process),
    ]);
    parts.push("", align([head, ...times]));
  }
  if (bytes.length > 0) parts.push("", align([["bytes", "raw", "gzip"], ...bytes.map((b) => [b.what, String(b.raw), String(b.gzip)])]));
  for (const { name, error } of results.failures) parts.push("", `FAILED: ${name}`, error);
  return parts.join("\n");
}

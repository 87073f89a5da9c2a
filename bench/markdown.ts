// The results as the table of the README.
import { partOfLimit } from "./bars.js";
import { fault } from "./report.js";
import { type Results, type RowResult, find, timeOf } from "./results.js";
import { digits, duration } from "./table.js";

/** Column, side, threads. Ratios are to lanegrad on one thread of this Node. */
const own = [
  ["lanegrad", "lanegrad", 1],
  ["2 threads", "lanegrad", 2],
  ["relaxed SIMD", "lanegrad-relaxed", 1],
  ["Chromium", "lanegrad-chromium", 1],
] as const;
const others = [
  ["plain JavaScript", "plain"],
  ["tfjs cpu", "tfjs-cpu"],
  ["tfjs wasm", "tfjs-wasm"],
  ["onnxruntime-web", "ort"],
  ["jax-js", "jax"],
  ["PyTorch", "torch"],
] as const;

function otherCell(row: RowResult, peer: string): string {
  const side = find(row, peer);
  if (!side || side.missing !== undefined) return "";
  if (side.error !== undefined) return fault(side.error) === "throws" ? "**throws**" : fault(side.error);
  const [theirs, ours] = [timeOf(row, peer), timeOf(row, "lanegrad")];
  if (theirs === undefined) return "";
  return ours === undefined ? duration(theirs) : `${duration(theirs)} (${digits(theirs / ours)} ×)`;
}

function ownCell(row: RowResult, results: Results, peer: string, threads: number): string {
  const seconds = timeOf(row, peer, threads);
  if (seconds === undefined) return "";
  const part = partOfLimit(row, results.limits, peer, threads);
  return part === undefined || threads > 1 || peer === "lanegrad-chromium"
    ? duration(seconds)
    : `${duration(seconds)}, ${(100 * part).toFixed(0)} %`;
}

export function markdown(results: Results): string {
  const { rows, machine, date, limits } = results;
  const ownColumns = own.filter(([, peer, threads]) => rows.some((row) => timeOf(row, peer, threads) !== undefined));
  const otherColumns = others.filter(([, peer]) => rows.some((row) => find(row, peer)));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = ["", ...ownColumns.map(([name]) => name), ...otherColumns.map(([name]) => name)];
  const body = rows.map((row) => [
    row.title,
    ...ownColumns.map(([, peer, threads]) => ownCell(row, results, peer, threads)),
    ...otherColumns.map(([, peer]) => otherCell(row, peer)),
  ]);
  const relaxed = limits.relaxed ? `, relaxed ${digits(limits.relaxed[0])}` : "";
  return [
    `${results.unfinished ? "Not finished. " : ""}${date.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}; medians, one thread unless said. In brackets: how many times lanegrad's time.`,
    `Percentages are of the machine's limit, measured in the same run: ${digits(limits.plain[0])} GFLOP/s of multiply and add${relaxed}, or copying at the row's size.`,
    "",
    line(head),
    line(head.map(() => "---")),
    ...body.map(line),
    "",
  ].join("\n");
}

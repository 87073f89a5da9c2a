// The results as text.
import { type Verdict, behind, partOfLimit, verdicts } from "./bars.js";
import { type Measured, type Results, type RowResult, find } from "./results.js";
import { sideName } from "./sides.js";
import { align, digits, duration, median, spread } from "./table.js";

const none = "-";
const MEGABYTE = 1 << 20;
const percent = (part: number | undefined): string => (part === undefined ? none : `${(100 * part).toFixed(0)} %`);

/** An error in a word. */
export function fault(error: string): string {
  const told = [
    ["disagrees", "disagrees"],
    ["did not start", "absent"],
    ["took over", error.replace("took over", ">")],
  ].find(([begin]) => error.startsWith(begin!));
  return told?.[1] ?? "throws";
}

function cell(row: RowResult, side: Measured | undefined): string {
  if (!side || side.missing !== undefined) return none;
  if (side.error !== undefined)
    return side.error.startsWith("disagrees") ? "disagrees" : side.error.startsWith("did not start") ? "absent" : "throws";
  return duration(median(side.samples) / (row.row.calls ?? 1));
}

/** All sides that any row has, in order. */
const sidesIn = (rows: readonly RowResult[]): string[] => [...new Set(rows.flatMap((row) => row.sides.map(sideName)))];

/** The widest spread of lanegrad's sides. */
function widest(row: RowResult): string {
  const own = row.sides.filter(({ peer, samples }) => peer === "lanegrad" && samples.length > 1).map(({ samples }) => spread(samples));
  return own.length === 0 ? none : `±${(100 * Math.max(...own)).toFixed(0)} %`;
}

function table({ rows, limits }: Results): string {
  const sides = sidesIn(rows);
  const head = ["medians of one thread, or of as many as named", ...sides, "of limit", "relaxed", "x2", "spread"];
  const lines = rows.map((row) => [
    row.title,
    ...sides.map((name) =>
      cell(
        row,
        row.sides.find((side) => sideName(side) === name),
      ),
    ),
    percent(partOfLimit(row, limits, "lanegrad")),
    percent(partOfLimit(row, limits, "lanegrad-relaxed")),
    percent(partOfLimit(row, limits, "lanegrad", 2)),
    widest(row),
  ]);
  return align([head, ...lines]);
}

function verdictLine({ title, side, value, of, bar, atLeast, ok }: Verdict): string[] {
  return [title, side, digits(value), of, `${atLeast ? "≥" : "≤"} ${digits(bar)}`, ok ? "ok" : "BELOW"];
}

/** What each side said of itself, once. */
function aboutSides(rows: readonly RowResult[]): string[] {
  const told = new Map<string, string>();
  for (const side of rows.flatMap((row) => row.sides)) {
    const facts = Object.entries(side.about ?? {}).filter(([key]) => key !== "why");
    if (facts.length > 0) told.set(sideName(side), facts.map(([key, value]) => `${key} ${String(value)}`).join(", "));
  }
  return [...told].map(([name, text]) => `${name}: ${text}`);
}

function limitLines({ limits }: Results): string[] {
  const pair = ([one, two]: readonly [number, number]): string => `${digits(one)} and ${digits(two)}`;
  return [
    `Limits, on one and two threads: multiply and add in registers ${pair(limits.plain)} GFLOP/s, relaxed ${limits.relaxed ? pair(limits.relaxed) : "not in this engine"};`,
    `copy of ${limits.copy.map(({ bytes, rate }) => `${bytes / MEGABYTE} MB ${pair(rate)} GB/s`).join(", ")} (source and destination together; read and written).`,
  ];
}

function memoryTable(rows: readonly RowResult[]): string[] {
  const mb = (bytes: number): string => `${digits(bytes / MEGABYTE)} MB`;
  const lines = rows.flatMap((row) => {
    const memory = find(row, "lanegrad")?.memory;
    const { alive } = row.row;
    return alive === undefined || !memory
      ? []
      : [[row.title, mb(alive), mb(memory.peak), digits(memory.peak / alive), mb(memory.reserved)]];
  });
  return lines.length === 0 ? [] : ["", align([["memory of training steps", "must live", "peak", "ratio", "WASM memory"], ...lines])];
}

/** What a side has no function for, and what it threw: one line for all rows alike. */
function faults(rows: readonly RowResult[]): string[] {
  const found = new Map<string, string[]>();
  for (const row of rows) {
    for (const side of row.sides.filter(({ error }) => error !== undefined)) {
      const text = `${sideName(side)}: ${fault(side.error!) === "throws" ? "throws: " : ""}${side.error}`;
      found.set(text, [...(found.get(text) ?? []), row.title]);
    }
  }
  return [...found].map(
    ([text, titles]) =>
      `${text}\n    on ${titles.length > 6 ? `${titles.length} rows, among them ${titles.slice(0, 6).join("; ")}` : titles.join("; ")}`,
  );
}

function loadTables({ load, bytes }: Results): string[] {
  const ms = (value: number): string => `${digits(value)} ms`;
  const parts: string[] = [];
  if (load.length > 0) {
    const head = ["fresh process to first result", "import", "init", "first result", "all three", "with Node's start"];
    parts.push("", align([head, ...load.map((l) => [l.name, ...[l.import, l.init, l.firstResult, l.total, l.process].map(ms)])]));
    parts.push(`bar: lanegrad ≤ 40 ms: ${load[0]!.total <= 40 ? "ok" : "BELOW"}`);
  }
  if (bytes.length > 0) {
    parts.push("", align([["bytes", "raw", "gzip"], ...bytes.map((b) => [b.what, String(b.raw), String(b.gzip)])]));
    parts.push(`bar: one build ≤ 400 kB gzipped: ${bytes.at(-1)!.gzip <= 400_000 ? "ok" : "BELOW"}`);
  }
  return parts;
}

export function printResults(results: Results): string {
  const { machine, rows } = results;
  const parts = [
    `\n${results.date}  ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node} (V8 ${machine.v8}), ${machine.platform}; ${results.minutes.toFixed(1)} minutes`,
    ...limitLines(results),
  ];
  if (results.notQuiet) parts.push(results.notQuiet);
  if (results.quick) parts.push("--quick: few samples, one round.");
  if (rows.length > 0) {
    parts.push("", table(results));
    parts.push(
      "",
      `-: the peer has no such function. of limit: multiply-adds or copying, lanegrad; "x2" of both threads'. spread: half the distance between quartiles.`,
    );
  }
  const judged = verdicts(results);
  if (judged.length > 0) parts.push("", align([["bars", "side", "value", "", "bar", ""], ...judged.map(verdictLine)]));
  const slower = behind(results);
  if (slower.length > 0)
    parts.push(
      "",
      align([["behind a JavaScript or WASM peer", "", ""], ...slower.map((b) => [b.title, b.rival, `${digits(b.times)}x slower`])]),
    );
  parts.push(...memoryTable(rows), ...loadTables(results));
  parts.push("", ...faults(rows), "", ...aboutSides(rows));
  return parts.join("\n");
}

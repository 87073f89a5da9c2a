import { ArgumentError } from "../runtime/errors.js";
import type { KernelRow, ModuleRow, OpRow, ProfileRow } from "./rows.js";

export interface TableOptions {
  /** What the rows are: ops and gradients, modules, or WebAssembly kernels. Default "op". */
  by?: "op" | "module" | "kernel";
  /** Largest first ("name": in order of the alphabet). Default "self"; modules come in the order of their first call. */
  sortBy?: "self" | "total" | "mean" | "calls" | "bytes" | "selfBytes" | "name";
  /** Rows at most. Default: all. */
  limit?: number;
}

interface Column<R> {
  readonly title: string;
  text(row: R): string;
}

const ms = (value: number): string => value.toFixed(3);
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const us = (value: number): string => (1000 * value).toFixed(1);

/** 0, 512 B, 1.5 KiB, 2.0 MiB. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return bytes === 0 ? "0" : `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${["", "KiB", "MiB", "GiB"][power]!}`;
}

const name = (title: string): Column<ProfileRow> => ({ title, text: (row) => row.name });
const calls: Column<ProfileRow> = { title: "calls", text: (row) => String(row.calls) };
const self: Column<ProfileRow> = { title: "self ms", text: (row) => ms(row.self) };
const share: Column<ProfileRow> = { title: "share", text: (row) => percent(row.share) };
const total: Column<ProfileRow> = { title: "total ms", text: (row) => ms(row.total) };
const mean: Column<ProfileRow> = { title: "mean µs", text: (row) => us(row.mean) };
const allocated: Column<ProfileRow> = { title: "allocated", text: (row) => bytesText(row.bytes) };

export const opColumns: Column<OpRow>[] = [
  name("op"),
  calls,
  self,
  share,
  { title: "in kernels", text: (row) => ms(row.inKernels) },
  total,
  mean,
  allocated,
];

export const moduleColumns: Column<ModuleRow>[] = [
  name("module"),
  { title: "class", text: (row) => row.type },
  calls,
  self,
  share,
  total,
  { title: "forward", text: (row) => ms(row.forward) },
  { title: "backward", text: (row) => ms(row.backward) },
  allocated,
];

export const kernelColumns: Column<KernelRow>[] = [
  name("kernel"),
  calls,
  total,
  share,
  mean,
  { title: "threads", text: (row) => String(row.threads) },
];

/** @throws ArgumentError for a `sortBy` or `limit` that is none */
export function sorted<R extends ProfileRow>(rows: readonly R[], { sortBy, limit = Infinity }: TableOptions): R[] {
  if (!(limit >= 0)) throw new ArgumentError(`table(): limit must be a number from 0 on, got ${limit}`);
  const list = [...rows];
  if (sortBy === "name") list.sort((a, b) => (a.name < b.name ? -1 : 1));
  else if (sortBy !== undefined) {
    if (!["self", "total", "mean", "calls", "bytes", "selfBytes"].includes(sortBy))
      throw new ArgumentError(`table(): sortBy must be self, total, mean, calls, bytes, selfBytes or name, got ${JSON.stringify(sortBy)}`);
    list.sort((a, b) => b[sortBy] - a[sortBy]);
  }
  return list.slice(0, limit);
}

/** Text left, numbers right: a column whose first value begins with a digit holds numbers. */
export function draw<R>(columns: readonly Column<R>[], rows: readonly R[], left: number): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map((column) => column.text(row)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const lines = cells.map((line) =>
    line
      .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
  const rule = "─".repeat(widths.reduce((a, b) => a + b + 2, -2));
  return [lines[0]!, rule, ...lines.slice(1)].join("\n");
}

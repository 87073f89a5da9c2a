// What a page or a script pays before the first result: time in a fresh process, and bytes.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { median } from "./table.js";

const dist = new URL("../dist/", import.meta.url);

/** Import, start and first result, timed inside a fresh process; the last number counts the process's start too. */
const program = (threads: number): string => `
  const start = performance.now();
  const { init, tensor } = await import(${JSON.stringify(new URL("index.js", dist).href)});
  const imported = performance.now();
  await init({ threads: ${threads} });
  const ready = performance.now();
  const value = tensor([1, 2]).add(1).sum().item();
  if (value !== 5) throw new Error("1 + 1 + 2 + 1 gave " + value);
  const done = performance.now();
  console.log(JSON.stringify([imported - start, ready - imported, done - ready, done - start, done]));
  process.exit(0);`;

export interface LoadTime {
  threads: number;
  /** Milliseconds, medians. */
  import: number;
  init: number;
  firstResult: number;
  /** The three together. */
  total: number;
  /** From the start of the process, Node's own start included. */
  process: number;
}

export function loadTime(threads: number, runs: number, nodeFlags: readonly string[]): LoadTime {
  const args = [...nodeFlags, "--input-type=module", "--eval", program(threads)];
  const all = Array.from({ length: runs }, () => JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as number[]);
  const [importTime, initTime, firstResult, total, wholeProcess] = all[0]!.map((_, i) => median(all.map((times) => times[i]!)));
  return { threads, import: importTime!, init: initTime!, firstResult: firstResult!, total: total!, process: wholeProcess! };
}

export interface Bytes {
  what: string;
  raw: number;
  gzip: number;
}

/** What one visitor downloads: the browser's script with one build of the kernels. */
export function downloadSizes(): Bytes[] {
  const files = ["index.browser.js", "worker.browser.js", "simd.wasm", "relaxed-simd.wasm", "threads.wasm", "relaxed.wasm"];
  const sizes = new Map<string, Bytes>();
  for (const what of files) {
    const file = new URL(what, dist);
    if (!existsSync(file)) continue;
    const bytes = readFileSync(file);
    sizes.set(what, { what, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length });
  }
  const sum = (what: string, names: string[]): Bytes[] => {
    const parts = names.map((name) => sizes.get(name));
    if (parts.includes(undefined)) return [];
    return [{ what, raw: parts.reduce((all, part) => all + part!.raw, 0), gzip: parts.reduce((all, part) => all + part!.gzip, 0) }];
  };
  return [
    ...sizes.values(),
    ...sum("one thread: index.browser.js + relaxed-simd.wasm", ["index.browser.js", "relaxed-simd.wasm"]),
    ...sum("threads: index.browser.js + worker.browser.js + relaxed.wasm", ["index.browser.js", "worker.browser.js", "relaxed.wasm"]),
  ];
}

// What a page or a script pays before the first result: time in a fresh process, and bytes.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./process.js";
import { newestNode, peersFolder } from "./sides.js";
import { median } from "./table.js";

const dist = join(root, "dist");

interface Program {
  name: string;
  peer: string;
  node: string;
  /** The code of three phases. */
  import: string;
  init: string;
  /** Gives 5. */
  first: string;
}

const lanegrad = (threads: number): Program => ({
  name: threads === 1 ? "lanegrad" : `lanegrad x${threads}`,
  peer: "lanegrad",
  node: process.execPath,
  import: `const { init, tensor } = await import(${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)});`,
  init: `await init({ threads: ${threads} });`,
  first: "tensor([1, 2]).add(1).sum().item()",
});

const programs: Program[] = [
  lanegrad(1),
  lanegrad(2),
  {
    name: "tfjs-wasm",
    peer: "tfjs-wasm",
    node: process.execPath,
    import: `const require = (await import("node:module")).createRequire(${JSON.stringify(join(peersFolder, "x.js"))});
      const tf = require("@tensorflow/tfjs"); require("@tensorflow/tfjs-backend-wasm");`,
    init: `await tf.setBackend("wasm"); await tf.ready();`,
    first: "tf.sum(tf.add(tf.tensor([1, 2]), 1)).dataSync()[0]",
  },
  {
    name: "jax",
    peer: "jax",
    node: newestNode,
    import: `const jax = await import(${JSON.stringify(join(peersFolder, "node_modules/@jax-js/jax/dist/index.js"))});`,
    init: `await jax.init("wasm"); jax.defaultDevice("wasm");`,
    first: "jax.numpy.array([1, 2]).add(1).sum().item()",
  },
];

/** Import, start and first result, timed inside a fresh process; the last number counts the process's start too. */
const codeOf = (p: Program): string => `
  const start = performance.now();
  ${p.import}
  const imported = performance.now();
  ${p.init}
  const ready = performance.now();
  const value = ${p.first};
  if (value !== 5) throw new Error("1 + 1 + 2 + 1 gave " + value);
  const done = performance.now();
  console.log(JSON.stringify([imported - start, ready - imported, done - ready, done - start, done]));
  process.exit(0);`;

export interface LoadTime {
  name: string;
  /** Milliseconds, medians. */
  import: number;
  init: number;
  firstResult: number;
  /** The three together. */
  total: number;
  /** From the start of the process, Node's own start included. */
  process: number;
}

function loadTime(program: Program, runs: number): LoadTime {
  const args = ["--input-type=module", "--eval", codeOf(program)];
  const once = (): number[] => {
    const output = execFileSync(program.node, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return JSON.parse(output.trim().split("\n").at(-1)!) as number[];
  };
  const all = Array.from({ length: runs }, once);
  const [importTime, init, firstResult, total, whole] = all[0]!.map((_, i) => median(all.map((times) => times[i]!)));
  return { name: program.name, import: importTime!, init: init!, firstResult: firstResult!, total: total!, process: whole! };
}

/** Of lanegrad and of those of the peers that run in Node and start by themselves. */
export function loadTimes(peers: readonly string[], runs: number): LoadTime[] {
  return programs.filter(({ peer }) => peer === "lanegrad" || peers.includes(peer)).map((program) => loadTime(program, runs));
}

export interface Bytes {
  what: string;
  raw: number;
  gzip: number;
}

/** What one visitor downloads: the browser's script with one build of the kernels. */
export function downloadSizes(): Bytes[] {
  const sizes = new Map<string, Bytes>();
  for (const what of ["lanegrad.min.js", "thread-worker.browser.js", "simd.wasm", "relaxed-simd.wasm", "threads.wasm", "relaxed.wasm"]) {
    const file = join(dist, what);
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
    ...sum("one thread: lanegrad.min.js + relaxed-simd.wasm", ["lanegrad.min.js", "relaxed-simd.wasm"]),
    ...sum("threads: lanegrad.min.js + thread-worker.browser.js + relaxed.wasm", [
      "lanegrad.min.js",
      "thread-worker.browser.js",
      "relaxed.wasm",
    ]),
  ];
}

// The sides of a comparison: which peer, on which engine, with how many threads.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Running, root, startProcess } from "./process.js";

export interface SideSpec {
  /** As in --peers; "lanegrad" is plain SIMD on this Node. */
  peer: string;
  threads: number;
  start: () => Promise<Running>;
}

export const peersFolder = join(root, "bench/peers");
/** The newest Node, from the npm package of that name. */
export const newestNode = join(peersFolder, "node_modules/node/bin/node");

export const relaxedFlag = "--experimental-wasm-relaxed-simd";
const tsx = ["--import", "tsx", join(root, "bench/peer-process.ts")];
const node = (program: string, flags: string[], file: string, options: object): Promise<Running> =>
  startProcess(program, [...flags, ...tsx, file, JSON.stringify(options)]);

/** What lanegrad runs on here, each with the peer's name. */
const engines: Record<string, (threads: number, relaxed: boolean) => Promise<Running>> = {
  lanegrad: (threads, relaxed) => node(process.execPath, relaxed ? [relaxedFlag] : [], "lanegrad/peer.ts", { threads }),
  "lanegrad-relaxed": (threads) =>
    existsSync(newestNode)
      ? node(newestNode, [], "lanegrad/peer.ts", { threads })
      : node(process.execPath, [relaxedFlag], "lanegrad/peer.ts", { threads }),
  "lanegrad-chromium": async (threads) => (await import("./chromium.js")).startPage({ threads }),
};

const others: Record<string, { threads: number[]; start: (threads: number) => Promise<Running> }> = {
  torch: {
    threads: [1, 2],
    start: (threads) => startProcess("python3", [join(root, "bench/torch/main.py"), JSON.stringify({ threads })]),
  },
  plain: { threads: [1], start: () => node(process.execPath, [], "plain/peer.ts", {}) },
  "tfjs-cpu": { threads: [1], start: () => node(process.execPath, [], "peers/tfjs.mjs", { backend: "cpu" }) },
  "tfjs-wasm": { threads: [1], start: () => node(process.execPath, [], "peers/tfjs.mjs", { backend: "wasm" }) },
  jax: { threads: [1], start: () => node(newestNode, [], "peers/jax.mjs", {}) },
  ort: { threads: [1], start: () => node(process.execPath, [], "peers/ort.mjs", {}) },
};

export const engineNames = Object.keys(engines);
export const peerNames = Object.keys(others);

/** `relaxed`: lanegrad on this Node runs its relaxed build. */
export function sidesOf(names: readonly string[], threads: readonly number[], relaxed = false): SideSpec[] {
  return names.flatMap((peer) => {
    const engine = engines[peer];
    if (engine) return threads.map((n) => ({ peer, threads: n, start: () => engine(n, relaxed) }));
    const other = others[peer]!;
    return other.threads.filter((n) => n === 1 || threads.includes(n)).map((n) => ({ peer, threads: n, start: () => other.start(n) }));
  });
}

/** "torch x2". */
export const sideName = ({ peer, threads }: Pick<SideSpec, "peer" | "threads">): string => (threads === 1 ? peer : `${peer} x${threads}`);

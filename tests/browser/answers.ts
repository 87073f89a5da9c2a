import { type BackendReport, type InitOptions, backend, full, init, io, ones, profile } from "lanegrad";
import { type ConnectOptions, connect } from "lanegrad/worker";
import type { Trainer } from "../fixtures/trainer.js";
import { workersReady } from "../fixtures/workers-ready.js";
import type { Case } from "../stories/case.js";
import { digest } from "../stories/digest.js";
import { COUNT, type Material, type SuiteName, beforeInit, suites } from "./suites.js";

/*
 * The page's side, or the worker's: what a test in Node may ask of it. tests/browser/page.ts carries questions here.
 */

export interface Answers {
  beforeInit(): string;
  /** Starts the library and waits until its workers take part; with `waitForWorkers` false they may be broken. */
  start(options: InitOptions, waitForWorkers?: boolean): Promise<BackendReport>;
  report(): BackendReport;
  /** Says something on the console, of no weight. */
  say(text: string): void;
  /** Fetches what the cases need. */
  load(): Promise<void>;
  /** Runs one case; its error is the answer's. */
  runCase(suite: SuiteName, name: string): Promise<void>;
  digest(): string;
  /** A million times e, log'd again, on however many threads there are. */
  sum(): number;
  /** Saves the trace of a profile; what went wrong, or "". */
  saveTrace(name: string): Promise<string>;
  /** What the first call to a worker with this script says, and a later one. */
  connect(script: string, options: ConnectOptions): Promise<[string, string]>;
  /** Reads so many values of a run of tests/fixtures/trainer.ts at full speed. */
  readFast(count: number): Promise<void>;
}

export const answers: Answers = {
  beforeInit,
  async start(options, waitForWorkers = true) {
    await init(options);
    if (waitForWorkers) await workersReady();
    return backend();
  },
  report: backend,
  say: (text) => console.debug(text),
  async load() {
    loaded = await load();
  },
  async runCase(suite, name) {
    const found = loaded![suite].find((one) => one.name === name);
    if (!found) throw new Error(`no case is called ${name}: the page is older than the test`);
    await found.run();
  },
  digest,
  sum: () => full([1_000_000], 1).exp().log().sum().item(),
  saveTrace: (name) =>
    profile(() => ones([3]).exp())
      .saveChromeTrace(name)
      .then(() => "", String),
  async connect(script, options) {
    using remote = connect<{ anything(): void }>(new Worker(script, { type: "module" }), options);
    const said = (): Promise<string> => remote.anything().then(() => "no error", String);
    return [await said(), await said()];
  },
  async readFast(count) {
    using trainer = connect<Trainer>(new Worker("trainer.js", { type: "module" }));
    await trainer.ready;
    let next = 0;
    for await (const i of trainer.count(count)) if (i !== next++) throw new Error(`${i} came where ${next - 1} was due`);
    if (next !== count) throw new Error(`${next} values came`);
  },
};

let loaded: Record<SuiteName, Case[]> | null = null;

async function load(): Promise<Record<SuiteName, Case[]>> {
  const [goldens, images, labels] = await Promise.all([
    fetch("goldens.json").then((response) => response.json() as Promise<Material["goldens"]>),
    fetchBytes("packed/train-images-idx3-ubyte"),
    fetchBytes("packed/train-labels-idx1-ubyte"),
  ]);
  return suites({ goldens, images: await unpacked(images, 16, COUNT * 784), labels: await unpacked(labels, 8, COUNT) });
}

const fetchBytes = async (url: string): Promise<ArrayBuffer> => (await fetch(url)).arrayBuffer();

const unpacked = async (packed: ArrayBuffer, offset: number, length: number): Promise<Uint8Array> =>
  (await io.gunzip(packed)).subarray(offset, offset + length);

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadSafetensors, saveCheckpoint } from "lanegrad";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "lanegrad-example-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = fileURLToPath(new URL("../examples/mnist.ts", import.meta.url));
const stopAt = new URL("./fixtures/stop-at.mjs", import.meta.url).href;
const TRAINING = ["--limit", "1280", "--epochs", "2", "--seed", "3"];
const STEPS = 1280 / 64;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the example; it gets `stop.signal` when it prints `stop.at`. */
function mnist(args: string[], stop?: { signal: NodeJS.Signals; at: string }): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const flags = ["--import", "tsx", "--conditions=lanegrad-source", ...(stop ? ["--import", stopAt] : [])];
    const env = { ...process.env, ...(stop && { STOP_AT: stop.at, STOP_WITH: stop.signal }) };
    const child = spawn(process.execPath, [...flags, program, ...args], { env });
    const ended: Ended = { code: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...ended, code }));
  });
}

const out = (name: string): string => join(folder, name);
const weights = (name: string): Buffer => readFileSync(join(folder, name, "mnist.safetensors"));
const checkpoint = (name: string): Buffer => readFileSync(join(folder, name, "checkpoint.safetensors"));
const accuracies = ({ stdout }: Ended): string[] => [...stdout.matchAll(/After epoch \d+: [\d.]+ %/g)].map(([text]) => text);

/** It failed with one line that says this, and no stack. */
function refused({ code, stderr }: Ended, status: number, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd()).not.toContain("\n");
  expect(code).toBe(status);
}

describe("the MNIST example", () => {
  let whole: Ended;
  beforeAll(async () => {
    whole = await mnist([...TRAINING, "--threads", "2", "--out", out("whole")]);
  });

  test("trains, tests after each epoch, and saves the weights under PyTorch's names", async () => {
    expect(whole.stderr).toBe("");
    expect(whole.code).toBe(0);
    expect(accuracies(whole)).toHaveLength(2);
    expect(Number(/After epoch 2: ([\d.]+)/.exec(whole.stdout)![1])).toBeGreaterThan(80);
    expect(whole.stdout).toMatch(/^Backend {2}WebAssembly (relaxed )?SIMD, 2 threads \(.+\)$/m);
    expect(whole.stdout).toMatch(/^Epoch 2\/2 100 % {2}loss 0\.\d{4} {2}\d+ images\/s {2}in 0:\d\d/m);
    const rows = [...whole.stdout.matchAll(/^ {4}\d((?: +[\d·]+){10}) +[\d.]+ %$/gm)].slice(-10);
    const counts = rows.flatMap(([, row]) =>
      row!
        .trim()
        .split(/ +/)
        .map((count) => Number(count.replace("·", "0"))),
    );
    expect(counts).toHaveLength(100);
    expect(counts.reduce((a, b) => a + b)).toBe(10000);
    expect(Object.keys(await loadSafetensors(join(out("whole"), "mnist.safetensors"))).sort()).toEqual(
      ["0", "3", "7", "10"].flatMap((layer) => [`${layer}.bias`, `${layer}.weight`]).sort(),
    );
  });

  test("prints plain text where there is no terminal", () => {
    expect([...whole.stdout].filter((char) => char < " " && char !== "\n")).toEqual([]);
  });

  test("stopped in the midst of two epochs, it goes on to the same bits", async () => {
    const where = ["--threads", "1", "--out", out("stopped")];
    const first = await mnist([...TRAINING, ...where], { signal: "SIGINT", at: "Epoch 1/2" });
    expect(first.code).toBe(130);
    const step = Number(/Stopped in epoch 1, after step (\d+)\./.exec(first.stdout)![1]);
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(STEPS);
    expect(first.stdout).toContain(`npm start -- --resume --out ${out("stopped")}`);
    expect(existsSync(join(out("stopped"), "mnist.safetensors"))).toBe(false);

    const second = await mnist(["--resume", ...where], { signal: "SIGTERM", at: "Epoch 2/2" });
    expect(second.code).toBe(143);
    expect(second.stdout).toContain("Stopped in epoch 2");

    const third = await mnist(["--resume", ...where]);
    expect(third.code).toBe(0);
    expect([...accuracies(second), ...accuracies(third)]).toEqual(accuracies(whole));
    expect(weights("stopped").equals(weights("whole"))).toBe(true);
    expect(checkpoint("stopped").equals(checkpoint("whole"))).toBe(true);
    expect(readdirSync(out("stopped")).sort()).toEqual(["checkpoint.safetensors", "mnist.safetensors"]);
  });

  test("given more epochs, it goes on from the end of one to the same bits; finished, it only tests", async () => {
    const where = ["--threads", "1", "--out", out("longer")];
    await mnist([...TRAINING, "--epochs", "1", ...where]);
    expect(weights("longer").equals(weights("whole"))).toBe(false);
    const longer = await mnist(["--resume", "--epochs", "2", ...where]);
    expect(accuracies(longer)).toEqual(accuracies(whole).slice(1));
    expect(weights("longer").equals(weights("whole"))).toBe(true);
    expect(checkpoint("longer").equals(checkpoint("whole"))).toBe(true);

    const again = await mnist(["--resume", ...where]);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("This run is finished");
    expect(again.stdout).not.toContain("images/s");
    expect(accuracies(again)).toEqual(accuracies(whole).slice(1));
    expect(weights("longer").equals(weights("whole"))).toBe(true);
  });

  test("--help lists the options and trains nothing", async () => {
    const { code, stdout } = await mnist(["--help", "--out", out("help")]);
    expect(code).toBe(0);
    for (const option of ["epochs", "threads", "seed", "batch-size", "lr", "limit", "out", "resume", "help"])
      expect(stdout).toContain(`  --${option} `);
    expect(existsSync(out("help"))).toBe(false);
  });

  test("refuses bad options", async () => {
    const cases: [string[], RegExp][] = [
      [["--epochs", "0"], /--epochs takes a whole number from 1 on, not "0"/],
      [["--threads", "two"], /--threads takes a whole number from 1 on, not "two"/],
      [["--seed=-1"], /--seed takes a whole number from 0 on, not "-1"/],
      [["--lr", "Infinity"], /--lr takes a number above 0, not "Infinity"/],
      [["--epoch", "3"], /Unknown option '--epoch'/],
      [["--seed"], /'--seed <value>' argument missing/],
      [["fashion"], /Unexpected argument 'fashion'/],
    ];
    const ended = await Promise.all(cases.map(([args]) => mnist(["--out", out("refused"), ...args])));
    ended.forEach((one, i) => refused(one, 2, cases[i]![1]));
    expect(existsSync(out("refused"))).toBe(false);
  });
});

describe("the MNIST example does not resume", () => {
  /** A folder with this checkpoint. */
  function holding(name: string, bytes: Uint8Array): string[] {
    mkdirSync(out(name));
    writeFileSync(join(out(name), "checkpoint.safetensors"), bytes);
    return ["--resume", "--out", out(name)];
  }
  const resumed = ["--resume", "--out", out("whole")];

  test("without a checkpoint", async () => {
    refused(await mnist(["--resume", "--out", out("none")]), 1, /^There is no checkpoint .*none.*; start anew without --resume/);
  });

  test("from a damaged one", async () => {
    const bytes = checkpoint("whole");
    refused(await mnist(holding("short", bytes.subarray(0, -5))), 1, /short.checkpoint\.safetensors/);
    refused(await mnist(holding("empty", new Uint8Array())), 1, /empty.checkpoint\.safetensors/);
    expect(checkpoint("short").length).toBe(bytes.length - 5);
  });

  test("from another program's", async () => {
    refused(await mnist(holding("weights", weights("whole"))), 1, /not one that saveCheckpoint\(\) made/);
    mkdirSync(out("foreign"));
    await saveCheckpoint(join(out("foreign"), "checkpoint.safetensors"), { epoch: 3 });
    refused(await mnist(["--resume", "--out", out("foreign")]), 1, /a checkpoint, but not one of this example/);
  });

  test("with other settings", async () => {
    refused(await mnist([...resumed, "--seed", "4"]), 1, /has seed 3, not 4/);
    refused(await mnist([...resumed, "--epochs", "1"]), 1, /past epoch 1 already; --epochs must be at least 2/);
  });

  test("where there can be no folder", async () => {
    writeFileSync(out("file"), "");
    const ended = await mnist(["--out", out("file")]);
    refused(ended, 1, /EEXIST.*file/);
    expect(ended.stdout).toBe("");
  });
});

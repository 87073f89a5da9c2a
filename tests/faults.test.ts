import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { runFixture } from "./fixtures/run.js";

interface Outcome {
  sum: number;
  error: string;
  inPlaceError: string;
  p: number;
  threads: number;
}

function withWorker(mode: string): Outcome & { stderr: string } {
  const { stdout, stderr, status } = runFixture("faulty", mode);
  expect(status, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as Outcome), stderr };
}

const EXPECTED = 20e6; // a million times 1 + 19

describe("a worker that", { timeout: 120_000 }, () => {
  test.each(["exit", "throw", "between"])("fails (%s) before it has work in hand costs a thread, not a result", (mode) => {
    const { sum, error, threads, p, stderr } = withWorker(mode);
    expect(sum).toBeCloseTo(EXPECTED, -1);
    expect(error).toBe("");
    expect(p).toBe(500_000);
    expect(threads).toBe(1);
    expect(stderr.match(/a worker thread is gone/g)).toHaveLength(1);
  });

  test("dies with a part of a job in hand is given up, and its part repeated", () => {
    const { sum, error, threads, stderr } = withWorker("during");
    expect(sum).toBeCloseTo(EXPECTED, -1);
    expect(error).toBe("");
    expect(threads).toBe(1);
    expect(stderr.match(/a worker thread is gone/g)).toHaveLength(1);
  });

  test("traps gives an error that names the kernel, and the library goes on", () => {
    const { error } = withWorker("trap");
    expect(error).toMatch(/a kernel failed on a worker thread: exp_f32/);
  });
});

describe("starting", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "lanegrad-"));
  const page = join(folder, "page.wasm");
  writeFileSync(page, "<!doctype html><title>Not found</title>");

  test.each([
    ["a missing file", pathToFileURL(join(folder, "nowhere.wasm")).href, /nowhere\.wasm/],
    ["a page in place of WebAssembly", pathToFileURL(page).href, /page\.wasm is not a WebAssembly module/],
  ])("with %s says so, and a later start works", (_, url, pattern) => {
    const { stdout, status, stderr } = runFixture("start", url);
    expect(status, stderr).toBe(0);
    const { message, sum } = JSON.parse(stdout) as { message: string; sum: number };
    expect(message).toMatch(pattern);
    expect(sum).toBe(3);
  });
});

describe("memory growth refused", { timeout: 120_000 }, () => {
  test("at the k-th time, for each k: training ends in an OutOfMemoryError or not at all, and goes on afterwards", () => {
    const { stdout, status, stderr } = runFixture("growth");
    expect(status, stderr).toBe(0);
    for (const run of JSON.parse(stdout) as { k: number; error: string; after: number; leaked: number }[]) {
      if (run.error) expect(run.error).toMatch(/out of memory: [\d.]+ MiB asked for, [\d.]+ MiB in use by \d+ tensors/);
      expect(run.after).toBe(6);
      expect(run.leaked).toBe(0);
    }
  });
});

import { describe, expect, test } from "vitest";
import { runFixture } from "./fixtures/run.js";

interface Outcome {
  digest: string;
  report: { threads: number; variant: string };
}

function outcome(threads: number, variant = ""): Outcome {
  const { stdout, stderr, status } = runFixture("digest", String(threads), variant);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Outcome;
}

describe("threads", () => {
  test("1, 2, 4 and 8 threads give the same bits", { timeout: 300_000 }, () => {
    const one = outcome(1);
    for (const threads of [2, 4, 8]) {
      const many = outcome(threads);
      expect(many.report.threads).toBe(threads);
      expect(many.digest).toBe(one.digest);
    }
  });

  test("the build without shared memory gives the same bits as the one with it", { timeout: 120_000 }, () => {
    expect(outcome(1, "simd").digest).toBe(outcome(2, "threads").digest);
  });

  test("the pool does not keep Node alive", { timeout: 60_000 }, () => {
    const { status, seconds } = runFixture("digest", "2");
    expect(status).toBe(0);
    expect(seconds).toBeLessThan(50);
  });
});

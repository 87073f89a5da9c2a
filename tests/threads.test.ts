import { describe, expect, test } from "vitest";
import type { InitOptions } from "lanegrad";
import { RELAXED_FLAGS, runFixture, runFixtureWith } from "./fixtures/run.js";

interface Outcome {
  digest: string;
  report: { threads: number; variant: string };
}

function outcome(options: InitOptions, nodeFlags: readonly string[] = []): Outcome {
  const { stdout, stderr, status } = runFixtureWith(nodeFlags, "digest", JSON.stringify(options));
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Outcome;
}

describe("threads", () => {
  test("1, 2, 4 and 8 threads give the same bits", () => {
    const one = outcome({ threads: 1 });
    for (const threads of [2, 4, 8]) {
      const many = outcome({ threads });
      expect(many.report.threads).toBe(threads);
      expect(many.digest).toBe(one.digest);
    }
  });

  test("the builds without shared memory give the same bits as those with it", () => {
    expect(outcome({ variant: "simd" }).digest).toBe(outcome({ threads: 2, variant: "threads" }).digest);
    const relaxed = outcome({ threads: 2 }, RELAXED_FLAGS);
    expect(relaxed.report).toMatchObject({ variant: "relaxed", relaxed: true });
    const alone = outcome({ variant: "relaxed-simd" }, RELAXED_FLAGS);
    expect(alone).toMatchObject({ report: { variant: "relaxed-simd", relaxed: true, threads: 1 }, digest: relaxed.digest });
  });

  test("deterministic picks plain SIMD where relaxed SIMD is there, and has its bits", () => {
    const plain = outcome({ threads: 2, deterministic: true }, RELAXED_FLAGS);
    expect(plain.report).toMatchObject({ variant: "threads", relaxed: false, threads: 2 });
    expect(plain.digest).toBe(outcome({ variant: "simd" }).digest);
  });

  test("the pool does not keep Node alive", () => {
    const { status, stderr } = runFixture("digest", `{ "threads": 2 }`);
    expect(status, stderr).toBe(0);
  });
});

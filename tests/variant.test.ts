import { describe, expect, test } from "vitest";
import type { Features } from "../src/runtime/features.js";
import { checkVariant, chooseVariant } from "../src/runtime/variant.js";

const engine = (threads: boolean, relaxed: boolean): Features => ({
  simd: true,
  relaxed,
  tallTiles: relaxed,
  threads,
  threadsWhy: threads ? "" : "no shared memory",
  canBlock: true,
});

describe("the build that is chosen", () => {
  test.each([
    // shared memory, relaxed SIMD, deterministic
    [true, true, false, "relaxed", "shared memory and relaxed SIMD are there"],
    [true, true, true, "threads", "plain SIMD, because deterministic was asked for"],
    [true, false, false, "threads", "plain SIMD: this engine has no relaxed SIMD"],
    [true, false, true, "threads", "plain SIMD, because deterministic was asked for"],
    [false, true, false, "relaxed-simd", "no shared memory"],
    [false, true, true, "simd", "no shared memory; plain SIMD, because deterministic was asked for"],
    [false, false, false, "simd", "no shared memory; plain SIMD: this engine has no relaxed SIMD"],
    [false, false, true, "simd", "no shared memory; plain SIMD, because deterministic was asked for"],
  ] as const)("shared memory %s, relaxed SIMD %s, deterministic %s: %s", (threads, relaxed, deterministic, variant, why) => {
    expect(chooseVariant(engine(threads, relaxed), deterministic)).toEqual({ variant, why });
  });

  test("one that cannot run here is refused", () => {
    expect(() => checkVariant("simd", engine(false, false))).not.toThrow();
    expect(() => checkVariant("relaxed", engine(true, true))).not.toThrow();
    expect(() => checkVariant("threads", engine(false, true))).toThrow(
      "init(): the threads build needs shared memory, but no shared memory",
    );
    expect(() => checkVariant("relaxed-simd", engine(true, false))).toThrow(
      "init(): the relaxed-simd build needs relaxed SIMD, which this engine lacks; leave variant out to get the best one",
    );
  });
});

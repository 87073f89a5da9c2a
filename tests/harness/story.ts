import { expect, test } from "vitest";
import { freeing } from "./freeing.js";
import { type Tensor, memoryStats, tensor } from "../../src/index.js";

/** Runs the test twice: once all its tensors are freed, the second run must leave memory as it found it. */
export function story(name: string, run: () => void): void {
  const freed = (): number => {
    freeing(run);
    return memoryStats().inUse;
  };
  const check = (): void => {
    const first = freed();
    expect(freed(), "bytes in use after the test").toBe(first);
  };
  test(name, check);
}

/** A leaf that requires a gradient. */
export const leaf = (values: Parameters<typeof tensor>[0], dtype: "float32" | "float64" = "float64"): Tensor =>
  tensor(values, { dtype, requiresGrad: true });

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fromTypedArray } from "lanegrad";
import { expect, test } from "vitest";
import golden from "./golden/curves.json" with { type: "json" };
import { curveCases } from "./stories/curves.js";

const COUNT = 8192;
const read = (file: string, offset: number, length: number): Uint8Array =>
  gunzipSync(readFileSync(new URL(`../examples/data/mnist/${file}`, import.meta.url))).subarray(offset, offset + length);

const cases = curveCases({
  images: () => {
    const raw = read("train-images-idx3-ubyte.gz", 16, COUNT * 784);
    // The same float32 steps as PyTorch's: / 255, - mean, / std.
    const f = Math.fround;
    return fromTypedArray(
      Float32Array.from(raw, (v) => f(f(f(v / 255) - f(0.1307)) / f(0.3081))),
      [COUNT, 1, 28, 28],
    );
  },
  labels: () => fromTypedArray(Int32Array.from(read("train-labels-idx1-ubyte.gz", 8, COUNT))),
  golden,
});

test.each(cases)("$name", ({ run }) => {
  expect(run()).toBeUndefined();
});

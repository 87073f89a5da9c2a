import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { memoryCases } from "./stories/memory.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const cases = memoryCases({
  steps: 10_000,
  heapUsed() {
    collect();
    return process.memoryUsage().heapUsed;
  },
});

test.each(cases)("$name", ({ run }) => {
  expect(run()).toBeUndefined();
});

import { describe, expect, test } from "vitest";
import { type Training, expectTrained, run } from "./project.js";
import { versions } from "./versions.js";

// net.mts and net.cts hold one line that is wrong on purpose: were the types not found, it would be right.
describe(`TypeScript ${versions("typescript")["typescript"]}`, () => {
  test.each([
    ["node16", ["node16/net.mjs", "node16/net.cjs"]],
    ["bundler", ["bundler/net.mjs"]],
  ])("moduleResolution %s: compiles, checks lanegrad's own types too, and runs", (resolution, files) => {
    run("typescript", process.execPath, ["node_modules/typescript/bin/tsc", "-p", `tsconfig.${resolution}.json`]);
    for (const file of files) {
      const training = JSON.parse(run("typescript", process.execPath, [file])) as Training;
      expectTrained(training);
      expect(training.threads).toBeGreaterThan(1);
    }
  });
});

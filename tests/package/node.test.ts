import { describe, expect, test } from "vitest";
import { type Training, expectTrained, folderOf, run } from "./project.js";
import { join } from "node:path";
import { versions } from "./versions.js";

describe.each(Object.entries(versions("node")))("%s", { timeout: 60_000 }, (name, version) => {
  const program = (): string => join(folderOf("node"), `node_modules/${name}/bin/node`);

  test("is the one it claims to be", () => {
    expect(run("node", program(), ["--version"]).trim()).toBe(`v${version}`);
  });

  test.each(["import.mjs", "require.cjs", "worker.mjs"])("%s trains, on several threads, without a word", (file) => {
    const training = JSON.parse(run("node", program(), [file])) as Training;
    expectTrained(training);
    expect(training.threads).toBeGreaterThan(1);
  });

  test("import and require share one library", () => {
    const text = `import { createRequire } from "node:module"; import { Tensor } from "lanegrad";
      console.log(createRequire(import.meta.url)("lanegrad").Tensor === Tensor);`;
    expect(run("node", program(), ["--input-type=module", "-e", text]).trim()).toBe("true");
  });
});

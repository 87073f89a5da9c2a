import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Training, expectTrained, folderOf, run } from "./project.js";
import { expected, linesOf } from "./readme.js";
import { versions } from "./versions.js";

describe.each(Object.entries(versions("node")))("%s", (name, version) => {
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

test("the README's lines for Node print what they shall", () => {
  writeFileSync(join(folderOf("node"), "hello.mjs"), linesOf("hello.mjs"));
  expect(run("node", process.execPath, ["hello.mjs"]).trim()).toBe(expected(Math.min(8, availableParallelism())));
});

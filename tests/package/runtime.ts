import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Training, expectTrained, folderOf, run } from "./project.js";
import { versions } from "./versions.js";

/** Tests of a runtime that comes from a package of its own name. @param args before the name of a file to run */
export function runtime(name: string, args: readonly string[]): void {
  const version = versions(name)[name]!;
  const program = join(folderOf(name), "node_modules/.bin", name);
  // A package without a program for this machine is installed all the same.
  if (!existsSync(program)) {
    test.skip(`NOT TESTED: npm has no ${name} ${version} for ${process.platform} ${process.arch}`);
    return;
  }

  describe(`${name} ${version}`, () => {
    test("is the one it claims to be", () => {
      expect(run(name, program, ["--version"])).toContain(version);
    });

    test.each(["import.mjs", "require.cjs", "worker.mjs"])("%s trains, on several threads, without a word", (file) => {
      const training = JSON.parse(run(name, program, [...args, file])) as Training;
      expectTrained(training);
      expect(training.threads).toBeGreaterThan(1);
    });
  });
}

import { join } from "node:path";
import { beforeAll, describe, test } from "vitest";
import { expectTraining, expectTrainingInWorker, useBrowser, visit } from "./page.js";
import { folderOf, script, startServer } from "./project.js";
import { site } from "./site.js";
import { versions } from "./versions.js";

/** Tests of Vite's development server, its build, and its preview of that. */
export function vite(project: string): void {
  describe(`Vite ${versions(project)["vite"]}`, () => {
    const browser = useBrowser();
    const serverTests = (...command: string[]): void =>
      test.each([
        ["without configuration", false, []],
        ["with the headers of isolation", true, ["--config", "isolated.config.js"]],
      ])("trains %s", async (_, isolated, options) => {
        const server = await startServer(project, "node_modules/vite/bin/vite.js", ...command, ...options);
        try {
          const visited = await visit(browser(), `${server.url}/`);
          await expectTraining(visited, isolated);
          await visited.page.close();
          if (!isolated) return;
          const other = await visit(browser(), `${server.url}/?worker`);
          await expectTrainingInWorker(other);
          await other.page.close();
        } finally {
          await server.close();
        }
      });

    describe("its development server", () => serverTests());

    describe("its build", () => {
      beforeAll(() => void script(project, "build"));
      describe("in its preview", () => serverTests("preview"));
      describe("on a static server", () => site(() => join(folderOf(project), "dist")));
    });
  });
}

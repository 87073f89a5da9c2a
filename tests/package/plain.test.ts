import { join } from "node:path";
import { beforeAll, describe, test } from "vitest";
import { expectTraining, useBrowser, visit } from "./page.js";
import { folderOf, script } from "./project.js";
import { ISOLATION, serve } from "./server.js";
import { site, withServer } from "./site.js";

const folder = (): string => join(folderOf("plain"), "dist");

describe("a page without a bundler, beside the package's files", { timeout: 60_000 }, () => {
  beforeAll(() => void script("plain", "build"));

  describe("that imports by a relative URL", () => site(folder));

  describe("that has an import map", () => {
    const browser = useBrowser();
    test.each([
      ["without isolation", false],
      ["with cross-origin isolation", true],
    ])("trains %s", async (_, isolated) => {
      await withServer(serve(folder(), isolated ? ISOLATION : {}), async (url) => {
        const visited = await visit(browser(), `${url}map/`);
        await expectTraining(visited, isolated);
        await visited.page.close();
      });
    });
  });
});

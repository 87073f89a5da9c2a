import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { isolation } from "../../scripts/setup/headers.mjs";
import { type Visit, expectTraining, useBrowser, visit } from "./page.js";
import { type Training, expectTrained, folderOf, script } from "./project.js";
import { expectShown, linesOf } from "./readme.js";
import { serve } from "./server.js";
import { site, withServer } from "./site.js";

const folder = (): string => join(folderOf("plain"), "dist");

describe("a page without a bundler, beside the package's files", () => {
  beforeAll(() => void script("plain", "build"));

  describe("that imports by a relative URL", () => site(folder));

  describe("that is the README's", () => {
    const browser = useBrowser();
    test("shows what it shall", async () => {
      writeFileSync(join(folder(), "lanegrad/index.html"), linesOf("index.html"));
      writeFileSync(join(folder(), "favicon.ico"), ""); // a browser asks for it where a page names none
      await withServer(serve(folder()), (url) => expectShown(browser(), `${url}lanegrad/`));
    });
  });

  describe("that has an import map", () => {
    const browser = useBrowser();
    test.each([
      ["without isolation", false],
      ["with cross-origin isolation", true],
    ])("trains %s", async (_, isolated) => {
      await withServer(serve(folder(), isolated ? isolation : {}), async (url) => {
        const visited = await visit(browser(), `${url}map/`);
        await expectTraining(visited, isolated);
        await visited.page.close();
      });
    });
  });

  describe("that imports from another origin, as from a CDN", () => {
    const browser = useBrowser();
    const CDN = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };
    const fromCdn = (isolated: boolean, work: (visited: Visit) => Promise<void>): Promise<void> =>
      withServer(serve(folder(), CDN), (cdn) =>
        withServer(serve(folder(), isolated ? isolation : {}), async (url) => {
          const visited = await visit(browser(), url, (page) =>
            page.route("**/train.js", async (route) => {
              const response = await route.fetch();
              const body = (await response.text()).replace("./lanegrad/", `${cdn}lanegrad/`);
              await route.fulfill({ response, body });
            }),
          );
          await work(visited);
          await visited.page.close();
        }),
      );

    test("trains without isolation", () => fromCdn(false, (visited) => expectTraining(visited, false)));

    test("trains on one thread with isolation, and says what to do for more", () =>
      fromCdn(true, ({ shown, said }) => {
        const training = JSON.parse(shown) as Training;
        expectTrained(training);
        expect(training.threads).toBe(1);
        expect(said).toEqual([expect.stringMatching(/^lanegrad: a worker thread is gone \(SecurityError.*init\(\{ workerUrl \}\)/)]);
        return Promise.resolve();
      }));
  });
});

import { join } from "node:path";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { isolation, underPolicy } from "../../scripts/setup/headers.mjs";
import { expectTraining, expectTrainingInWorker, faults, useBrowser, visit } from "./page.js";
import { folderOf, script } from "./project.js";
import { type Served, serve } from "./server.js";
import { versions } from "./versions.js";

/** Runs `work` with a server, and closes it. */
export async function withServer(server: Promise<Served>, work: (url: string) => Promise<void>): Promise<void> {
  const served = await server;
  await work(served.url).finally(() => served.close());
}

/** Tests of static pages, however they came about. @param folder where they lie; known only once tests run */
export function site(folder: () => string): void {
  const browser = useBrowser();
  trainings(browser, folder);
  test("trains with cross-origin isolation, under a strict Content-Security-Policy", async () => {
    await withServer(serve(folder(), { ...isolation, ...underPolicy() }), async (url) => {
      const visited = await visit(browser(), url);
      await expectTraining(visited, true);
      await visited.page.close();
    });
  });
  test("trains in a worker of the page, by lanegrad/worker, under that policy too", async () => {
    await withServer(serve(folder(), { ...isolation, ...underPolicy() }), async (url) => {
      const visited = await visit(browser(), `${url}?worker`);
      await expectTrainingInWorker(visited);
      await visited.page.close();
    });
  });
  faults(browser, (headers) => serve(folder(), headers));
}

/** Training with isolation and without. */
export function trainings(browser: () => Browser, folder: () => string): void {
  test.each([
    ["on a page without isolation", false],
    ["with cross-origin isolation", true],
  ])("trains %s", async (_, isolated) => {
    await withServer(serve(folder(), isolated ? isolation : {}), async (url) => {
      const visited = await visit(browser(), url);
      await expectTraining(visited, isolated);
      const builds = visited.responses.filter((response) => response.url().endsWith(".wasm"));
      expect(builds, "one build is fetched, once").toHaveLength(1);
      await visited.page.close();
    });
  });
}

/** Tests of a bundler whose `npm run build` makes a folder of static pages. */
export function bundler(project: string, tool = project): void {
  describe(`${tool} ${versions(project)[tool]}`, () => {
    beforeAll(() => void script(project, "build"));
    site(() => join(folderOf(project), "dist"));
  });
}

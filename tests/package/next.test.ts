import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectTraining, faults, useBrowser, visit } from "./page.js";
import { type Training, expectTrained, script, startServer } from "./project.js";
import { ISOLATION, POLICY, inFrontOf, underPolicy } from "./server.js";
import { withServer } from "./site.js";
import { versions } from "./versions.js";

// Next.js itself needs scripts in its pages (or a nonce for each).
const policy = POLICY.replace("'self' 'wasm", "'self' 'unsafe-inline' 'wasm");

describe(`next ${versions("next")["next"]}`, { timeout: 120_000 }, () => {
  const browser = useBrowser();
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    script("next", "build");
    server = await startServer("next", "node_modules/next/dist/bin/next", "start", "--port", "0");
  }, 400_000);
  afterAll(() => server.close());

  test("a route handler trains on the server, on several threads", async () => {
    const training = (await (await fetch(`${server.url}/api/train`)).json()) as Training;
    expectTrained(training);
    expect(training.threads).toBeGreaterThan(1);
    expect(server.said()).not.toMatch(/\(node:\d+\)|lanegrad:|⨯/); // Next.js does tell of the lock file in the folder above
  });

  test("a server component computes", async () => {
    expect(await (await fetch(server.url)).text()).toContain("<p>[2,4]</p>");
  });

  test.each([
    ["on a page without isolation", false, {}],
    ["with cross-origin isolation, under a Content-Security-Policy", true, { ...ISOLATION, ...underPolicy(policy) }],
  ])("a client component trains %s", async (_, isolated, headers) => {
    await withServer(inFrontOf(server.url, headers), async (url) => {
      const visited = await visit(browser(), url);
      await expectTraining(visited, isolated);
      await visited.page.close();
    });
  });

  faults(browser, (headers) => inFrontOf(server.url, headers), policy);
});

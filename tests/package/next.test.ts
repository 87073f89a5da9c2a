import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isolation, strictPolicy, underPolicy } from "../../scripts/setup/headers.mjs";
import { expectTraining, expectTrainingInWorker, faults, useBrowser, visit } from "./page.js";
import { type Training, expectTrained, script, startServer } from "./project.js";
import { inFrontOf } from "./server.js";
import { withServer } from "./site.js";
import { versions } from "./versions.js";

// Next.js itself needs scripts in its pages (or a nonce for each).
const policy = strictPolicy.replace("'self' 'wasm", "'self' 'unsafe-inline' 'wasm");
const NO_ISOLATION = Object.fromEntries(Object.keys(isolation).map((name) => [name, ""]));

describe(`next ${versions("next")["next"]}`, () => {
  const browser = useBrowser();
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    script("next", "build");
    server = await startServer("next", "node_modules/next/dist/bin/next", "start", "--port", "0");
  });
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

  const visitAndTrain = async (url: string, isolated: boolean): Promise<void> => {
    const visited = await visit(browser(), url);
    await expectTraining(visited, isolated);
    await visited.page.close();
  };

  test("a client component trains with the headers of isolation, from next.config.mjs", () => visitAndTrain(`${server.url}/`, true));

  test("a client component trains without those headers", () =>
    withServer(inFrontOf(server.url, NO_ISOLATION), (url) => visitAndTrain(url, false)));

  test("a client component trains under a Content-Security-Policy", () =>
    withServer(inFrontOf(server.url, underPolicy(policy)), (url) => visitAndTrain(url, true)));

  test("a client component trains in a worker, by lanegrad/worker", async () => {
    const visited = await visit(browser(), `${server.url}/?worker`);
    await expectTrainingInWorker(visited);
    await visited.page.close();
  });

  faults(browser, (headers) => inFrontOf(server.url, { ...NO_ISOLATION, ...headers }), policy);
});

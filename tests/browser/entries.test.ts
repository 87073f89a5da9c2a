import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Browser } from "playwright-core";
import { launch } from "./chromium.js";

/*
 * The files of dist/, copied to a server as they are, in a page without a bundler: <script type="module">.
 */

const TRAIN = `
  const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 1));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const [x, y] = [ones([16, 4]), ones([16, 1])];
  const losses = Array.from({ length: 20 }, () => {
    const loss = F.mseLoss(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss.item();
  });
  if (!(losses.at(-1) < losses[0] / 2)) throw new Error("it does not learn: " + losses);`;

interface Outcome {
  answer: unknown;
  /** What was said on the console, and errors. */
  said: string[];
  /** The files that were asked for, beside the page and its script. */
  files: string[];
}

describe("without a bundler", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(() => browser.close());

  /** Runs a module that says `answer = …` in a page. @param policy the page's Content-Security-Policy, instead of the server's */
  async function run(server: "isolated" | "plain", script: string, policy?: string): Promise<Outcome> {
    const page = await browser.newPage();
    const said: string[] = [];
    const files: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    const root = inject("browser")[server];
    page.on("request", (request) => files.push(request.url().replace(root, "")));
    const text = `let answer; try { ${script} } catch (error) { answer = String(error); } document.title = JSON.stringify(answer);`;
    // The server's own page gives its headers.
    await page.route("**/entry.html", async (route) => {
      const response = await route.fetch({ url: `${root}page.html` });
      const headers = { ...response.headers(), ...(policy === undefined ? {} : { "content-security-policy": policy }) };
      const body = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="entry.js"></script>`;
      await route.fulfill({ response, headers, body });
    });
    await page.route("**/entry.js", (route) =>
      route.fulfill({ contentType: "text/javascript", headers: { "Cross-Origin-Embedder-Policy": "require-corp" }, body: text }),
    );
    await page.goto(`${root}entry.html`);
    await expect.poll(() => page.title()).not.toBe("");
    const answer = JSON.parse(await page.title()) as unknown;
    await page.close();
    return { answer, said, files: files.filter((file) => !/^(entry\.|data:)/.test(file)) };
  }

  describe.each(["isolated", "plain"] as const)("on a server that is %s", (server) => {
    const best = server === "isolated" ? "relaxed" : "relaxed-simd";

    test.each([
      ["index.browser.js", best],
      ["lanegrad.min.js", best],
      ["inline.browser.js", "simd"],
      ["lanegrad.inline.min.js", "simd"],
    ])("%s trains", async (entry, variant) => {
      const script = `const { F, backend, init, nn, ones, optim } = await import("./dist/${entry}"); await init(); ${TRAIN} answer = backend().variant;`;
      const { answer, said, files } = await run(server, script);
      expect([answer, ...said]).toEqual([variant]);
      expect(files.some((file) => file.endsWith(".wasm"))).toBe(variant !== "simd");
      const alone = { "lanegrad.min.js": 2, "lanegrad.inline.min.js": 1 }[entry];
      if (alone !== undefined) expect(files.filter((file) => !file.includes("thread-worker"))).toHaveLength(alone);
    });
  });

  test("two entries are one library", async () => {
    const script = `
      const [a, b, nn] = await Promise.all(["index", "inline", "nn"].map((name) => import(\`./dist/\${name}.browser.js\`)));
      await a.init();
      answer = [a.Tensor === b.Tensor, a.nn.Linear === nn.Linear, a.add(a.ones([1]), b.ones([1])).item(), b.backend().variant];`;
    const { answer, said, files } = await run("plain", script);
    expect([answer, ...said]).toEqual([[true, true, 2, "simd"]]);
    expect(files.filter((file) => file.endsWith(".wasm"))).toEqual([]);
  });

  test.each([
    ["a URL", `"dist/simd.wasm"`],
    ["a Response", `fetch("dist/simd.wasm")`],
    ["bytes", `(await fetch("dist/simd.wasm")).arrayBuffer()`],
    ["a module", `WebAssembly.compileStreaming(fetch("dist/simd.wasm"))`],
    ["a Response of a wrong type", `new Response((await fetch("dist/simd.wasm")).body, { headers: { "Content-Type": "text/plain" } })`],
  ])("init({ wasm }) takes %s", async (_, wasm) => {
    const script = `const { backend, init, ones } = await import("./dist/lanegrad.min.js"); await init({ wasm: ${wasm} }); answer = [ones([3]).sum().item(), backend().variant];`;
    const { answer, said } = await run("isolated", script);
    expect([answer, ...said]).toEqual([[3, "simd"]]);
  });

  test("init({ wasm }) takes a folder, and threads from it", async () => {
    const script = `const { backend, init, ones } = await import("./dist/lanegrad.inline.min.js");
      await init({ wasm: "dist/", workerUrl: "dist/thread-worker.browser.js", threads: 2 }); answer = [ones([3]).sum().item(), backend()];`;
    const { answer, said } = await run("isolated", script);
    expect([answer, ...said]).toEqual([[3, expect.objectContaining({ variant: "relaxed", threads: 2 })]]);
  });

  test.each(["lanegrad.min.js", "lanegrad.inline.min.js"])(
    "%s says what to allow where the page's policy forbids WebAssembly",
    async (entry) => {
      const { answer } = await run(
        "plain",
        `const { init } = await import("./dist/${entry}"); await init();`,
        "default-src 'self'; img-src data:",
      );
      expect(answer).toMatch(
        /BackendError: init\(\): this page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src/,
      );
    },
  );

  test("says what to allow where the page's policy forbids the request", async () => {
    const policy = "default-src 'self' 'wasm-unsafe-eval'; img-src data:; connect-src 'none'";
    const { answer } = await run("plain", `const { init } = await import("./dist/lanegrad.min.js"); await init();`, policy);
    expect(answer).toMatch(/BackendError: init\(\): could not fetch .*\.wasm: .*the page's Content-Security-Policy \(connect-src\)/);
  });

  test("works where the page's policy forbids workers: one thread, and a notice", async () => {
    const policy = "default-src 'self' 'wasm-unsafe-eval'; img-src data:; worker-src 'none'";
    const script = `const { full, backend, init } = await import("./dist/lanegrad.min.js"); await init({ threads: 2 });
      while (backend().threads > 1) await new Promise((resolve) => setTimeout(resolve, 10));
      answer = [full([1_000_000], 1).exp().log().sum().item() > 999_999, backend().threads];`;
    const { answer, said } = await run("isolated", script, policy);
    expect(answer).toEqual([true, 1]);
    expect(said.filter((text) => text.startsWith("lanegrad:"))).toEqual([expect.stringMatching(/a worker thread is gone \(.*worker-src/)]);
  });
});

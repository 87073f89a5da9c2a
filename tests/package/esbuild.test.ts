import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { isolation, underPolicy } from "../../scripts/setup/headers.mjs";
import { useBrowser, visit } from "./page.js";
import { type Training, expectTrained, folderOf, run, script } from "./project.js";
import { serve } from "./server.js";
import { bundler, withServer } from "./site.js";

bundler("esbuild");

describe("esbuild with lanegrad/inline", () => {
  const browser = useBrowser();
  beforeAll(() => {
    const [from, to] = [join(folderOf("esbuild"), "src"), join(folderOf("esbuild"), "src/inline")];
    mkdirSync(to, { recursive: true });
    writeFileSync(join(to, "train.js"), readFileSync(join(from, "train.js"), "utf8").replace('"lanegrad"', '"lanegrad/inline"'));
    copyFileSync(join(from, "page.js"), join(to, "page.js"));
    script("esbuild", "inline");
  });

  test("makes one file, which trains under a strict Content-Security-Policy", async () => {
    await withServer(serve(join(folderOf("esbuild"), "inline"), { ...isolation, ...underPolicy() }), async (url) => {
      const { page, shown, said, responses } = await visit(browser(), url);
      expect(said).toEqual([]);
      const training = JSON.parse(shown) as Training;
      expectTrained(training);
      expect(training).toMatchObject({ threads: 1, variant: "simd" });
      expect(responses.map((response) => response.url().replace(url, "")).filter((file) => !file.startsWith("data:"))).toEqual([
        "",
        "page.js",
      ]);
      await page.close();
    });
  });
});

describe("esbuild for Node", () => {
  const inProject = (...path: string[]): string => join(folderOf("esbuild"), ...path);
  const program = 'import { train } from "./train.js"; train().then((training) => console.log(JSON.stringify(training)));';
  beforeAll(() => writeFileSync(inProject("src/server.js"), program));

  test.each(["esm", "cjs"])("makes a program of format %s, with the library's files beside it", (format) => {
    const file = format === "esm" ? "server.mjs" : "server.cjs";
    // It warns that CommonJS has no import.meta, which the library knows.
    const options = ["--bundle", "--platform=node", `--format=${format}`, "--log-level=error"];
    run("esbuild", inProject("node_modules/.bin/esbuild"), ["src/server.js", ...options, `--outfile=server/${file}`]);
    for (const name of ["simd", "relaxed-simd", "threads", "relaxed"])
      cpSync(inProject(`node_modules/lanegrad/dist/${name}.wasm`), inProject(`server/${name}.wasm`));
    cpSync(inProject("node_modules/lanegrad/dist/thread-worker.node.mjs"), inProject("server/thread-worker.node.mjs"));
    expectTrained(JSON.parse(run("esbuild", process.execPath, [`server/${file}`])) as Training);
  });
});

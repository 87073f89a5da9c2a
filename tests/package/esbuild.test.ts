import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { isolation, underPolicy } from "../../scripts/setup/headers.mjs";
import { useBrowser, visit } from "./page.js";
import { type Training, expectTrained, folderOf, script } from "./project.js";
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

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { useBrowser } from "./page.js";
import { folderOf, startServer } from "./project.js";
import { expectShown, linesOf } from "./readme.js";
import { vite } from "./vite.js";

vite("vite");

describe("the README's lines for Vite", () => {
  const browser = useBrowser();
  test("show what they shall", async () => {
    const folder = join(folderOf("vite"), "readme");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "main.js"), linesOf("main.js"));
    writeFileSync(
      join(folder, "index.html"),
      '<!doctype html><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="main.js"></script>',
    );
    const server = await startServer("vite", "node_modules/vite/bin/vite.js");
    await expectShown(browser(), `${server.url}/readme/`).finally(() => server.close());
  });
});

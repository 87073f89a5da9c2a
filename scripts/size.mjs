// npm run size: lines per folder, and bytes of what users download. With --write these are accepted: docs/sizes.json and the README.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setup } from "./setup/all.mjs";
import { root } from "./setup/paths.mjs";
import { main } from "./setup/steps.mjs";

const source = /\.(ts|rs|mjs|js|py)$/;

function filesIn(folder) {
  const full = join(root, folder);
  if (!existsSync(full)) return [];
  return readdirSync(full, { recursive: true })
    .map((name) => join(full, name))
    .filter((file) => source.test(file) && statSync(file).isFile());
}

const lines = (file) => readFileSync(file, "utf8").split("\n").length - 1;

function printLines() {
  const parts = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folders = [...parts.map((entry) => `src/${entry.name}`), "src", "crates", "tests", "bench", "examples", "demo/src", "scripts"];
  console.log(`${"folder".padEnd(16)}${"files".padStart(8)}${"lines".padStart(8)}${"longest".padStart(9)}`);
  for (const folder of folders) {
    const counts = filesIn(folder).map(lines);
    const sum = counts.reduce((a, b) => a + b, 0);
    console.log(
      `${folder.padEnd(16)}${String(counts.length).padStart(8)}${String(sum).padStart(8)}${String(Math.max(0, ...counts)).padStart(9)}`,
    );
  }
}

await main(async () => {
  await setup();
  printLines();
  const { measure, table, write } = await import("./sizes.mjs"); // only now there is an esbuild
  const sizes = await measure();
  console.log(`\n${table(sizes)}`);
  if (process.argv.includes("--write")) write(sizes);
});

// npm run bench [-- name …]: runs the benches whose file name contains a name, by default all, one after the other.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { execNode } from "./exec.mjs";
import { setup } from "./setup/all.mjs";
import { root } from "./setup/paths.mjs";
import { StepError } from "./setup/run.mjs";
import { main } from "./setup/steps.mjs";

await main(async () => {
  const wanted = process.argv.slice(2);
  const all = readdirSync(join(root, "bench"))
    .filter((file) => file.endsWith(".ts"))
    .sort();
  const files = all.filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)));
  if (files.length === 0)
    throw new StepError(`No bench is called ${wanted.join(" or ")}.`, `choose from ${all.map((file) => file.slice(0, -3)).join(", ")}.`);
  await setup();
  for (const file of files) {
    const status = await execNode(["--expose-gc", "--import", "tsx", join("bench", file)]);
    if (status !== 0) process.exit(status);
  }
});

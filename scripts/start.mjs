// npm start [-- [name] [options]]: runs examples/<name>.ts, by default the MNIST training.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { execNode } from "./exec.mjs";
import { setup } from "./setup/all.mjs";
import { root } from "./setup/paths.mjs";
import { StepError } from "./setup/run.mjs";
import { main } from "./setup/steps.mjs";

await main(async () => {
  const given = process.argv.slice(2);
  const [name, ...args] = given.length === 0 || given[0].startsWith("-") ? ["mnist", ...given] : given;
  const file = join("examples", `${name}.ts`);
  if (!existsSync(join(root, file))) {
    const names = readdirSync(join(root, "examples"))
      .filter((entry) => entry.endsWith(".ts"))
      .map((entry) => entry.slice(0, -3));
    throw new StepError(`There is no example ${name}.`, `choose from ${names.join(", ")}.`);
  }
  await setup();
  process.exitCode = await execNode(["--import", "tsx", file, ...args]);
});

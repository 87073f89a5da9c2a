// npm run wasm [-- simd relaxed-simd threads relaxed]: builds the kernels that changed.
import { npm } from "./setup/npm.mjs";
import { StepError } from "./setup/run.mjs";
import { main } from "./setup/steps.mjs";
import { variants } from "./setup/variants.mjs";
import { wasm } from "./setup/wasm.mjs";

await main(async () => {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !(name in variants));
  if (unknown.length > 0) throw new StepError(`no such build: ${unknown.join(", ")}`, `choose from ${Object.keys(variants).join(", ")}.`);
  const npmReady = npm();
  await Promise.all([npmReady, wasm({ names: names.length > 0 ? names : undefined, npmReady })]);
});

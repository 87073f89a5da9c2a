// npm run check: types and lint.
import { lint, typeCheck } from "./checks.mjs";
import { npm } from "./setup/npm.mjs";
import { main } from "./setup/steps.mjs";
import { wasm } from "./setup/wasm.mjs";

await main(async () => {
  const npmReady = npm();
  await Promise.all([npmReady, wasm({ npmReady })]); // the kernels' names are types
  process.exitCode = (await typeCheck()) || (await lint());
});

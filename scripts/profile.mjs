// node scripts/profile.mjs [-- --help]: where the time goes in the training steps of the bench, see bench/profile.ts.
import { execNode } from "./exec.mjs";
import { setup } from "./setup/all.mjs";
import { npm } from "./setup/npm.mjs";
import { main } from "./setup/steps.mjs";

await main(async () => {
  await setup(npm());
  const args = process.argv.slice(2);
  const flags = args.includes("--relaxed") && process.versions.node.startsWith("20.") ? ["--experimental-wasm-relaxed-simd"] : [];
  process.exit(await execNode([...flags, "--import", "tsx", "bench/profile.ts", ...args]));
});

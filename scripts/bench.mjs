// npm run bench [-- --help]: lanegrad beside its peers, see bench/run.ts.
import { parseArgs } from "node:util";
import { execNode } from "./exec.mjs";
import { setup } from "./setup/all.mjs";
import { chromium } from "./setup/chromium.mjs";
import { npm } from "./setup/npm.mjs";
import { peers } from "./setup/peers.mjs";
import { main } from "./setup/steps.mjs";

const args = process.argv.slice(2);
const { values } = parseArgs({ args, strict: false, options: { peers: { type: "string", default: "all" }, help: { type: "boolean" } } });
const named = values.help ? [] : values.peers.split(",");
const wanted = (...names) => ["all", ...names].some((name) => named.includes(name));

await main(async () => {
  const npmReady = npm();
  const [browser] = await Promise.all([
    wanted("lanegrad-chromium") ? chromium(npmReady) : undefined,
    setup(npmReady),
    wanted("lanegrad-relaxed", "tfjs-cpu", "tfjs-wasm", "jax", "ort") ? peers() : undefined,
  ]);
  process.exit(await execNode(["--import", "tsx", "bench/run.ts", ...args], browser && { CHROMIUM: browser }));
});

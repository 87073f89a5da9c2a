// npm run bench [-- --quick --only <regex> --threads 1,4 --json <file> --relaxed]: lanegrad beside plain JavaScript, see bench/run.ts.
import { execNode } from "./exec.mjs";
import { setup } from "./setup/all.mjs";
import { main } from "./setup/steps.mjs";

await main(async () => {
  await setup();
  process.exit(await execNode(["--import", "tsx", "bench/run.ts", ...process.argv.slice(2)]));
});

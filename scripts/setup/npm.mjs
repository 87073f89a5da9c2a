// The npm packages that building and testing need. The library itself needs none.
import { hashOf, stampMatches, writeStamp } from "./stamp.mjs";
import { runner } from "./run.mjs";
import { step } from "./steps.mjs";

const stamp = "node_modules/.lanegrad-stamp";

export async function npm() {
  const hash = hashOf(["package.json", "package-lock.json"], process.version);
  if (stampMatches(stamp, hash)) return;
  await step("npm packages", async () => {
    const windows = process.platform === "win32";
    const help = "see that the npm registry can be reached (`npm ping`), then run the same command again.";
    await runner("npm")(windows ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { help });
    writeStamp(stamp, hash);
  });
}

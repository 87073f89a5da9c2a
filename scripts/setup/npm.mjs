// The npm packages that building and testing need. The library itself needs none.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { root } from "./paths.mjs";
import { runner } from "./run.mjs";
import { step } from "./steps.mjs";

const help = "see that the npm registry can be reached (`npm ping`), then run the same command again.";

export async function npm() {
  if (inPlace()) return;
  await withLock("target/npm.lock", async () => {
    if (inPlace()) return;
    const program = process.platform === "win32" ? "npm.cmd" : "npm";
    await step("npm packages", () => runner("npm")(program, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { help }));
  });
}

/** Whether what npm noted as installed is what the lock file asks for. Packages for other platforms are optional. */
function inPlace() {
  const noted = "node_modules/.package-lock.json";
  if (!existsSync(join(root, noted))) return false;
  const [wanted, have] = ["package-lock.json", noted].map((file) => JSON.parse(readFileSync(join(root, file), "utf8")).packages);
  return Object.entries(wanted).every(([path, { version, optional }]) => path === "" || optional || have[path]?.version === version);
}

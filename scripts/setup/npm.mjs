// The npm packages that building and testing need. The library itself needs none.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { root } from "./paths.mjs";
import { runner } from "./run.mjs";
import { step } from "./steps.mjs";

const help = "see that the npm registry can be reached (`npm ping`), then run the same command again.";

export const npm = () => npmPackages("npm packages", ".");

/** What the lock file of a folder asks for. */
export async function npmPackages(title, folder) {
  if (inPlace(folder)) return;
  await withLock("target/npm.lock", async () => {
    if (inPlace(folder)) return;
    const program = process.platform === "win32" ? "npm.cmd" : "npm";
    const options = { help, cwd: join(root, folder) };
    await step(title, () => runner("npm")(program, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], options));
  });
}

/** Whether what npm noted as installed is what the lock file asks for. Packages for other platforms are optional. */
function inPlace(folder) {
  const noted = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(join(root, noted))) return false;
  const wanted = JSON.parse(readFileSync(join(root, folder, "package-lock.json"), "utf8")).packages;
  const have = JSON.parse(readFileSync(join(root, noted), "utf8")).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => path === "" || optional || have[path]?.version === version);
}

// Vitest's global set-up for the tests of the package: npm's tarball of it, and projects that have it installed as a user would.
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { chromium } from "./chromium.mjs";
import { npm, npmPackages } from "./npm.mjs";
import { root, setupDir } from "./paths.mjs";
import { runner } from "./run.mjs";
import { hashOf, removeStamp, stampMatches, writeStamp } from "./stamp.mjs";
import { describe, step } from "./steps.mjs";

const fixtures = join(root, "tests/package/fixtures");
const folder = join(setupDir, "package");
const tarball = ".setup/package/lanegrad.tgz";
/** Of a project these stay from run to run; everything else is made anew. */
const kept = ["node_modules", "package.json", "package-lock.json", ".stamp"];
const npmProgram = process.platform === "win32" ? "npm.cmd" : "npm";

/** Tests of a project called x are in x.test.ts, so that a run of one of them installs no other. */
export async function setup(project) {
  try {
    const { testFiles } = await project.globTestFiles(project.vitest.filenamePattern);
    const names = testFiles.map((file) => basename(file, ".test.ts")).filter((name) => existsSync(join(fixtures, name, "package.json")));
    const [program] = await Promise.all([chromium(npm()), pack()]);
    for (const name of names) await install(name);
    project.provide("packed", { program, folder });
  } catch (error) {
    throw new Error(describe(error), { cause: error });
  }
}

async function pack() {
  const made = join(folder, "new");
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  await step("npm pack", () => runner("pack")(npmProgram, ["pack", "--pack-destination", made]));
  renameSync(join(made, readdirSync(made)[0]), join(root, tarball));
}

async function install(name) {
  const path = `.setup/package/${name}`;
  const project = join(root, path);
  mkdirSync(project, { recursive: true });
  for (const entry of readdirSync(project)) if (!kept.includes(entry)) rmSync(join(project, entry), { recursive: true });
  const from = join(fixtures, name);
  cpSync(from, project, { recursive: true, filter: (file) => file === from || !kept.includes(basename(file)) });
  // Also one that holds nothing but .gitkeep.
  const sources = existsSync(join(project, "src")) ? join(project, "src") : project;
  cpSync(join(fixtures, "common"), sources, { recursive: true });
  // What tools remember of the last tarball, a new user has not.
  for (const cache of [".vite", ".cache"]) rmSync(join(project, "node_modules", cache), { recursive: true, force: true });

  const manifests = ["package.json", "package-lock.json"];
  const stamp = `${path}/.stamp`;
  const hash = hashOf([...manifests.map((file) => `tests/package/fixtures/${name}/${file}`), tarball]);
  if (stampMatches(stamp, hash)) return;
  removeStamp(stamp);
  for (const file of manifests) copyFileSync(join(from, file), join(project, file));
  rmSync(join(project, "node_modules/lanegrad"), { recursive: true, force: true });
  await npmPackages(`a project with ${name}`, path);
  const help = "see that the npm registry can be reached (`npm ping`), then run the same command again.";
  const args = ["install", join(root, tarball), "--no-audit", "--no-fund", "--loglevel=error"];
  await step(`lanegrad's tarball in it`, () => runner("npm-tarball")(npmProgram, args, { cwd: project, help }));
  writeStamp(stamp, hash);
}

// npm test [-- filters of vitest]: all checks in order, up to the first that fails. With filters, the matching tests only.
// --every-place adds the tests of the package in all the places where it is to work, of which there are otherwise a few;
// --package runs those alone (npm run test:package).
// The last line, "N passed, N failed", counts the tests that vitest ran (a check that fails before counts as one).
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lint, typeCheck } from "./checks.mjs";
import { exec, execNode } from "./exec.mjs";
import { setup } from "./setup/all.mjs";
import { chromium } from "./setup/chromium.mjs";
import { npm } from "./setup/npm.mjs";
import { setupDir } from "./setup/paths.mjs";
import { hostCargo } from "./setup/rust.mjs";
import { main } from "./setup/steps.mjs";

const asked = process.argv.slice(2);
const everyPlace = asked.includes("--every-place");
const packageOnly = asked.includes("--package");
const filters = asked.filter((word) => word !== "--every-place" && word !== "--package");
/** Places that are quick to set up and to test. In Node the package is tested with the rest. */
const quickPlaces = ["vite", "esbuild", "plain"].map((name) => `tests/package/${name}.test.ts`);
const total = { passed: 0, failed: 0 };

async function prepare() {
  const npmReady = npm();
  const [browser] = await Promise.all([chromium(npmReady), setup(npmReady)]);
  return browser;
}

/** Runs one check under a heading; false if it failed. */
async function check(title, run) {
  console.log(`\n── ${title}`);
  const start = performance.now();
  const status = await run();
  console.log(`── ${title}: ${status === 0 ? "ok" : "FAILED"} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return status === 0;
}

async function vitest(project, env, files = filters) {
  const report = join(setupDir, `vitest-${project}.json`);
  rmSync(report, { force: true });
  const output = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = await execNode(
    ["node_modules/vitest/vitest.mjs", "run", "--project", project, "--passWithNoTests", ...output, ...files],
    env,
  );
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    total.passed += numPassedTests;
    total.failed += numFailedTests;
  }
  return status;
}

await main(async () => {
  const browser = await prepare();
  const fast = [
    ["types", typeCheck],
    ["lint", lint],
    ["kernels (cargo test)", () => exec(hostCargo(), ["test", "--quiet", "-p", "lanegrad-kernels"])],
  ];
  const tests = [
    ["tests in Node", () => vitest("node")],
    ["tests in Chromium", () => vitest("browser", { CHROMIUM: browser })],
  ];
  const all = everyPlace || packageOnly || filters.length > 0;
  const places = ["tests of the package where users have it", () => vitest("package", { CHROMIUM: browser }, all ? filters : quickPlaces)];
  const checks = packageOnly ? [places] : [...(filters.length > 0 ? [] : fast), ...tests, places];
  let ok = true;
  for (const [title, run] of checks) {
    ok = await check(title, run);
    if (!ok) break;
  }
  if (ok && total.passed === 0) {
    console.log(`\nNo test matches ${filters.join(" ")}.`);
    ok = false;
  }
  if (!ok && total.failed === 0) total.failed = 1;
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = ok ? 0 : 1;
});

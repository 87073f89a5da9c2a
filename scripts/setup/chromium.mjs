// A Chromium for the browser tests: one that is installed, else Debian's, else Playwright's.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { aptInstall, canInstall } from "./apt.mjs";
import { root } from "./paths.mjs";
import { runner, StepError, which } from "./run.mjs";
import { step } from "./steps.mjs";

const byHand = "install Chromium or Chrome and set CHROMIUM=/path/to/it, or see that cdn.playwright.dev can be reached.";
const programs = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const macChrome = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** Path of a Chromium. `npmReady` resolves once node_modules is in place. */
export async function chromium(npmReady) {
  const named = process.env.CHROMIUM;
  if (named && !existsSync(named)) throw new StepError(`CHROMIUM is set to ${named}, which does not exist.`, "correct it or unset it.");
  return named ?? installed() ?? (isDebian() && canInstall() ? step("Chromium", debians) : playwrights(npmReady));
}

function installed() {
  return programs.map((name) => which(name)).find(Boolean) ?? (existsSync(macChrome) ? macChrome : undefined);
}

// Ubuntu's package of that name is a stub for snap.
function isDebian() {
  return existsSync("/etc/os-release") && /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
}

async function debians() {
  await aptInstall(runner("chromium"), ["chromium"], byHand);
  return installed();
}

async function playwrights(npmReady) {
  await npmReady;
  const folder = join(root, "node_modules/playwright-core");
  const { chromium: browser } = await import(pathToFileURL(join(folder, "index.mjs")).href);
  const file = browser.executablePath();
  if (!existsSync(file)) {
    await step("Chromium", () => runner("chromium")(process.execPath, [join(folder, "cli.js"), "install", "chromium"], { help: byHand }));
  }
  return file;
}

// npm run demo: builds the page in demo/ and serves it. With --build it only builds, into demo/dist.
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { setup } from "./setup/all.mjs";
import { isolation } from "./setup/headers.mjs";
import { root } from "./setup/paths.mjs";
import { StepError } from "./setup/run.mjs";
import { main, step } from "./setup/steps.mjs";

const HELP = `Builds the page on which a net learns digits, and serves it with the headers that threads need.

  npm run demo                  builds and serves
  npm run demo -- --build       builds only: demo/dist can be put on any host, at any path
  npm run demo -- --port 8080   serves there (4173, or the next that is free)
  npm run demo -- --plain       serves without those headers: one thread`;

function read() {
  const flag = { type: "boolean" };
  try {
    return parseArgs({ options: { build: flag, plain: flag, help: flag, port: { type: "string" } } }).values;
  } catch (error) {
    throw new StepError(error.message.split("\n", 1)[0], "npm run demo -- --help lists the options.");
  }
}

await main(async () => {
  const { build, plain, help, port } = read();
  if (help) return console.log(HELP);
  await setup();
  const { buildSite, serveSite, siteDir } = await import("./setup/site.mjs"); // Vite is there only now
  await step("page", buildSite);
  if (build) return console.log(`Built in ${relative(root, siteDir)}: put it on any host, at any path.`);
  const { url } = await serveSite(siteDir, { headers: plain ? {} : isolation, ...(port && { port: Number(port), strictPort: true }) });
  console.log(`\n  ${url}\n\nCtrl-C ends it.`);
});

// Vitest's global set-up: a test run started by itself (`npx vitest run tests/x`) also sees current kernels and workers.
import { setupSources } from "./all.mjs";
import { describe } from "./steps.mjs";

export async function setup() {
  try {
    await setupSources();
  } catch (error) {
    throw new Error(describe(error), { cause: error });
  }
}

// Vitest's global set-up: a test run started by itself (`npx vitest run tests/x`) also sees current kernels and workers.
import { setup as everything } from "./all.mjs";
import { describe } from "./steps.mjs";

export async function setup() {
  try {
    await everything();
  } catch (error) {
    throw new Error(describe(error), { cause: error });
  }
}

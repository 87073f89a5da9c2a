// What the scripts set up before they do their work. Steps that do not need each other run side by side.
import { npm } from "./npm.mjs";
import { library, workers } from "./ts.mjs";
import { wasm } from "./wasm.mjs";

/** What running from the sources needs: npm packages, the WebAssembly builds and the workers. */
export async function setupSources(npmReady = npm()) {
  await Promise.all([npmReady, wasm({ npmReady })]);
  await workers();
}

/** The same and the library, in dist/. */
export async function setup(npmReady = npm()) {
  await setupSources(npmReady);
  await library();
}

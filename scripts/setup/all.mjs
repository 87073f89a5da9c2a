// What the scripts set up before they do their work. Steps that do not need each other run side by side.
import { npm } from "./npm.mjs";
import { bundle } from "./ts.mjs";
import { wasm } from "./wasm.mjs";

/** npm packages, the WebAssembly builds and dist/. */
export async function setup(npmReady = npm()) {
  await Promise.all([npmReady, wasm({ npmReady })]);
  await bundle();
}

// wasm-opt, from the npm package binaryen, and one thing that it does not do.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hoist } from "./hoist.mjs";
import { root } from "./paths.mjs";

const flagOf = { simd128: "simd", atomics: "threads", "bulk-memory": "bulk-memory", "relaxed-simd": "relaxed-simd" };
// What the compiler uses without being asked.
const always = ["bulk-memory", "mutable-globals", "sign-ext", "nontrapping-float-to-int", "reference-types", "multivalue"];

// Measured on GEMM, softmax and elementwise kernels: no level changes their speed; -O2 takes 5 % off the size, -O3 adds 20 %.
// Kernels have no data in the first kilobyte, so that constants of addresses can become parts of the instructions: 1.3 %
// smaller, and an addition less per load where a loop takes several vectors a turn.
export async function optimise(run, file, features) {
  const enable = [...new Set([...features.map((feature) => flagOf[feature]), ...always])].map((flag) => `--enable-${flag}`);
  const program = join(root, "node_modules/binaryen/bin/wasm-opt");
  await run(process.execPath, [program, "-O2", "--low-memory-unused", ...enable, file, "-o", `${file}.opt`]);
  writeFileSync(`${file}.opt`, hoist(readFileSync(`${file}.opt`)));
  renameSync(`${file}.opt`, file);
}

// The four builds of the kernels: plain and relaxed SIMD, each without shared memory and with it.
import { join } from "node:path";
import { root } from "./paths.mjs";

const megabyte = 1 << 20;

// TypeScript makes the memory, of a size it chooses. The stack of the main thread is as large as a worker's.
const memory = [`-zstack-size=${2 * megabyte}`, "--import-memory", `--max-memory=${4096 * megabyte}`];

// wasm-bindgen makes each worker's stack and thread-local storage out of the exported symbols.
const shared = ["--shared-memory", ...["__wasm_init_tls", "__tls_size", "__tls_align", "__tls_base"].map((name) => `--export=${name}`)];

export const variants = {
  simd: { features: ["simd128"], linkArgs: memory },
  "relaxed-simd": { features: ["simd128", "relaxed-simd"], linkArgs: memory },
  threads: { features: ["simd128", "atomics", "bulk-memory"], linkArgs: [...memory, ...shared] },
  relaxed: { features: ["simd128", "atomics", "bulk-memory", "relaxed-simd"], linkArgs: [...memory, ...shared] },
};

/** One target folder per set of features, so that core is compiled once for each and kept. */
export const targetOf = (name) => join(root, "target", name);

/** What cargo needs beyond `build --release`, whether it or wasm-pack is called. */
export const cargoFlags = (name) => ["-Z", "build-std=core,alloc,panic_abort", "--target-dir", targetOf(name)];

// LLVM would let all pointers of a loop share one counter and add it to each again in every turn: twice the registers, which
// V8 then keeps on the stack. Without that, a row times a matrix takes 7 to 10 % less, gradients of weights of convolutions
// 15 to 18 % (Node 20), layer norm 13 and max pooling 8 % (Node 26); nothing else more than some 4 % in either direction,
// and builds are 5 % smaller.
const addresses = ["llvm-args=-disable-lsr"];

export function rustFlags(name, linker) {
  const { features, linkArgs } = variants[name];
  const flags = [`target-feature=+${features.join(",+")}`, ...addresses, ...linkArgs.map((arg) => `link-arg=${arg}`)];
  if (linker) flags.push(`linker=${linker}`);
  return flags.map((flag) => `-C${flag}`).join(" ");
}

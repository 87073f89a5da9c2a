import binaryen from "binaryen";

// What the machine can do at most: independent chains a = a * m + d that never leave registers. Twelve chains cover the
// latency of the multiply-add and, with m and d, fit the 16 vector registers of x86-64.
const CHAINS = 12;
const UNROLL = 4;
const ROUNDS = 200_000;
const FLOPS = ROUNDS * UNROLL * CHAINS * 4 * 2;

const times = (count: number, text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join("\n");

function moduleBytes(madd: (a: string) => string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(`(module
    (func (export "run") (param $rounds i32) (result f32)
      (local $m v128) (local $d v128) ${times(CHAINS, (i) => `(local $a${i} v128)`)}
      (local.set $m (f32x4.splat (f32.const 0.999)))
      (local.set $d (f32x4.splat (f32.const 0.001)))
      ${times(CHAINS, (i) => `(local.set $a${i} (f32x4.splat (f32.const ${i})))`)}
      (loop $again
        ${times(UNROLL * CHAINS, (i) => `(local.set $a${i % CHAINS} ${madd(`(local.get $a${i % CHAINS})`)})`)}
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      ${times(CHAINS - 1, (i) => `(local.set $a0 (f32x4.add (local.get $a0) (local.get $a${i + 1})))`)}
      (f32x4.extract_lane 0 (local.get $a0))))`);
  module.setFeatures(binaryen.Features.All);
  const bytes = Uint8Array.from(module.emitBinary());
  module.dispose();
  return bytes;
}

export interface Limit {
  /** GFLOP/s of one thread with multiply and add, each rounded. */
  plain: number;
  /** GFLOP/s with relaxed multiply-add; null where the engine has none. */
  relaxed: number | null;
}

function best(bytes: Uint8Array<ArrayBuffer>, seconds: number): number | null {
  if (!WebAssembly.validate(bytes)) return null;
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as { run: (rounds: number) => number };
  const end = performance.now() + seconds * 1000;
  let shortest = Infinity;
  do {
    const start = performance.now();
    run(ROUNDS);
    shortest = Math.min(shortest, performance.now() - start);
  } while (performance.now() < end);
  return FLOPS / shortest / 1e6;
}

export function limit(): Limit {
  // Long enough for the engine to compile the loop with its optimiser, on a busy machine too.
  const seconds = 1;
  const plain = best(
    moduleBytes((a) => `(f32x4.add (f32x4.mul ${a} (local.get $m)) (local.get $d))`),
    seconds,
  );
  if (plain === null) throw new Error("this engine has no WebAssembly SIMD");
  return {
    plain,
    relaxed: best(
      moduleBytes((a) => `(f32x4.relaxed_madd ${a} (local.get $m) (local.get $d))`),
      seconds,
    ),
  };
}

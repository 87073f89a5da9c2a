// What the machine can do at most, in a process of its own: `limit.ts`. Its last line on stdout is the answer as JSON.
import { Worker } from "node:worker_threads";
import binaryen from "binaryen";

// Independent chains a = a * m + d that never leave registers. Twelve chains cover the latency of the multiply-add and,
// with m and d, fit the 16 vector registers of x86-64.
const CHAINS = 12;
const UNROLL = 4;
const ROUNDS = 20_000;
const FLOPS_PER_ROUND = UNROLL * CHAINS * 4 * 2;
const MEGABYTE = 1 << 20;
/** Source and destination together: within the second level of caches, beyond it, and memory. */
const COPY_MEGABYTES = [1, 4, 16, 128];
const [WINDOWS, WINDOW_SECONDS] = [4, 0.1];

const times = (count: number, text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join("\n");

function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const bytes = Uint8Array.from(module.emitBinary());
  module.dispose();
  return bytes;
}

/** `run(rounds)`. */
const multiplyAdds = (madd: (a: string) => string): string => `(module
    (func (export "run") (param $rounds i32) (result f32)
      (local $m v128) (local $d v128) ${times(CHAINS, (i) => `(local $a${i} v128)`)}
      (local.set $m (f32x4.splat (f32.const 0.999)))
      (local.set $d (f32x4.splat (f32.const 0.001)))
      ${times(CHAINS, (i) => `(local.set $a${i} (f32x4.splat (f32.const ${i})))`)}
      (loop $again
        ${times(UNROLL * CHAINS, (i) => `(local.set $a${i % CHAINS} ${madd(`(local.get $a${i % CHAINS})`)})`)}
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      ${times(CHAINS - 1, (i) => `(local.set $a0 (f32x4.add (local.get $a0) (local.get $a${i + 1})))`)}
      (f32x4.extract_lane 0 (local.get $a0))))`;

/** `run(bytes)`: copies the first half of so many bytes onto the second. */
const copy = (bytes: number): string => `(module
    (memory ${Math.ceil(bytes / 65536) + 1})
    (func (export "run") (param $bytes i32)
      (local $i i32) (local $half i32) (local $to i32)
      (local.set $half (i32.shr_u (local.get $bytes) (i32.const 1)))
      (local.set $to (local.get $half))
      (loop $again
        ${times(4, (i) => `(v128.store offset=${16 * i} (local.get $to) (v128.load offset=${16 * i} (local.get $i)))`)}
        (local.set $to (i32.add (local.get $to) (i32.const 64)))
        (local.set $i (i32.add (local.get $i) (i32.const 64)))
        (br_if $again (i32.lt_u (local.get $i) (local.get $half))))))`;

/** One number for one thread and one for two. */
type PerThreads = [one: number, two: number];

export interface Limits {
  /** GFLOP/s with multiply and add, each rounded. */
  plain: PerThreads;
  /** GFLOP/s with relaxed multiply-add; null where the engine has none. */
  relaxed: PerThreads | null;
  /** GB/s read and written by a copy, source and destination together of so many bytes. */
  copy: { bytes: number; rate: PerThreads }[];
}

/** What all threads together do per second, in the best of some windows. */
async function best(bytes: Uint8Array<ArrayBuffer>, size: number, threads: number): Promise<number> {
  const barrier = new SharedArrayBuffer(4);
  const workerData = { bytes, size, threads, windows: WINDOWS, windowSeconds: WINDOW_SECONDS, barrier };
  const all = Array.from(
    { length: threads },
    () =>
      new Promise<number[]>((resolve, reject) => {
        const worker = new Worker(new URL("limit-worker.mjs", import.meta.url), { workerData });
        worker.once("message", resolve);
        worker.once("error", reject);
      }),
  );
  const rates = await Promise.all(all);
  return Math.max(...rates[0]!.map((_, window) => rates.reduce((sum, one) => sum + one[window]!, 0)));
}

async function both(text: string, size: number, unit: number): Promise<PerThreads | null> {
  const bytes = assemble(text);
  if (!WebAssembly.validate(bytes)) return null;
  return [unit * (await best(bytes, size, 1)), unit * (await best(bytes, size, 2))];
}

async function limits(): Promise<Limits> {
  const flops = (madd: (a: string) => string): Promise<PerThreads | null> => both(multiplyAdds(madd), ROUNDS, FLOPS_PER_ROUND / 1e9);
  const plain = await flops((a) => `(f32x4.add (f32x4.mul ${a} (local.get $m)) (local.get $d))`);
  if (plain === null) throw new Error("this engine has no WebAssembly SIMD");
  const relaxed = await flops((a) => `(f32x4.relaxed_madd ${a} (local.get $m) (local.get $d))`);
  const copies: Limits["copy"] = [];
  for (const bytes of COPY_MEGABYTES.map((megabytes) => megabytes * MEGABYTE)) {
    copies.push({ bytes, rate: (await both(copy(bytes), bytes, 1e-9))! });
  }
  return { plain, relaxed, copy: copies };
}

const larger = (a: PerThreads, b: PerThreads): PerThreads => [Math.max(a[0], b[0]), Math.max(a[1], b[1])];

/** The better of two measurements. */
export function better(a: Limits, b: Limits): Limits {
  return {
    plain: larger(a.plain, b.plain),
    relaxed: a.relaxed && b.relaxed ? larger(a.relaxed, b.relaxed) : (a.relaxed ?? b.relaxed),
    copy: a.copy.map(({ bytes, rate }, i) => ({ bytes, rate: larger(rate, b.copy[i]!.rate) })),
  };
}

/** GB/s of a copy at this size, between the measured ones on a logarithmic scale. */
export function copyRate({ copy: measured }: Limits, bytes: number, threads: number): number {
  const at = (i: number): number => measured[i]!.rate[threads > 1 ? 1 : 0];
  const above = measured.findIndex((one) => one.bytes >= bytes);
  if (above === 0) return at(0);
  if (above < 0) return at(measured.length - 1);
  const [low, high] = [measured[above - 1]!.bytes, measured[above]!.bytes];
  const part = Math.log(bytes / low) / Math.log(high / low);
  return at(above - 1) + part * (at(above) - at(above - 1));
}

if (process.argv[1]?.endsWith("limit.ts")) {
  console.log(JSON.stringify(await limits()));
  process.exit(0);
}

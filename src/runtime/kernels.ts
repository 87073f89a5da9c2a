import type { InitOutput } from "../../pkg/threads/lanegrad_wasm.js";

type Kernel = (...args: number[]) => number | void;

/** Every kernel that the WebAssembly build exports, by name: a misspelt one is a type error. */
export type KernelName = {
  [K in keyof InitOutput]: K extends `__${string}` ? never : InitOutput[K] extends Kernel ? K : never;
}[keyof InitOutput];

/** The raw exports: numbers in, numbers out, no glue between. */
export type Exports = Record<KernelName, (...args: number[]) => number>;

/** Calls with fixed arity up to the usual counts: spread arguments cost four times as much. */
export function call(kernel: (...args: number[]) => number, a: ArrayLike<number>, begin: number, end: number): number {
  switch (a.length) {
    case 1:
      return kernel(a[0]!, begin, end);
    case 2:
      return kernel(a[0]!, a[1]!, begin, end);
    case 3:
      return kernel(a[0]!, a[1]!, a[2]!, begin, end);
    case 4:
      return kernel(a[0]!, a[1]!, a[2]!, a[3]!, begin, end);
    case 5:
      return kernel(a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, begin, end);
    case 6:
      return kernel(a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, a[5]!, begin, end);
    case 7:
      return kernel(a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, a[5]!, a[6]!, begin, end);
    case 8:
      return kernel(a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, a[5]!, a[6]!, a[7]!, begin, end);
    case 17: // matrix products
      // prettier-ignore
      return kernel(
        a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, a[5]!, a[6]!, a[7]!, a[8]!, a[9]!, a[10]!, a[11]!, a[12]!, a[13]!, a[14]!, a[15]!, a[16]!,
        begin, end,
      );
    default: {
      const all: number[] = Array.from(a);
      all.push(begin, end);
      return kernel(...all);
    }
  }
}

/** The kernels in an order that is the same on every thread: what a job's kernel number counts in. */
export function kernelTable(exports: object): [string, (...args: number[]) => number][] {
  return Object.entries(exports)
    .filter((entry): entry is [string, (...args: number[]) => number] => typeof entry[1] === "function" && !entry[0].startsWith("__"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

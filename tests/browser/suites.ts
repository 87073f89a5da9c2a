import { datasets, fromTypedArray, tensor } from "lanegrad";
import curvesGolden from "../golden/curves.json" with { type: "json" };
import { cases } from "../harness/cases.js";
import type { Goldens } from "../harness/golden.js";
import { type Case, assert } from "../stories/case.js";
import { curveCases } from "../stories/curves.js";
import { memoryCases } from "../stories/memory.js";
import { profilerCases } from "../stories/profiler.js";
import { workerCases } from "../stories/worker.js";

/** What a page must fetch before its cases can run. Node needs none of it: there only the names are read. */
export interface Material {
  readonly goldens: Goldens;
  /** 8192 images of 784 bytes, as MNIST has them. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

export const COUNT = 8192;
const NOTHING: Material = { goldens: {}, images: new Uint8Array(0), labels: new Uint8Array(0) };

export type SuiteName = keyof ReturnType<typeof suites>;

/** All that runs again in the browser: the generic test of the ops and the stories. */
export function suites({ goldens, images, labels }: Material = NOTHING) {
  return {
    ops: cases(goldens),
    curves: curveCases({
      images: () => {
        // The same float32 steps as PyTorch's: / 255, - mean, / std.
        const f = Math.fround;
        return fromTypedArray(
          Float32Array.from(images, (v) => f(f(f(v / 255) - f(0.1307)) / f(0.3081))),
          [COUNT, 1, 28, 28],
        );
      },
      labels: () => fromTypedArray(Int32Array.from(labels)),
      golden: curvesGolden,
    }),
    memory: memoryCases({ heapUsed, steps: 10_000 }),
    profiler: profilerCases,
    worker: workerCases(() => new Worker(new URL("./trainer.js", import.meta.url), { type: "module" })),
    data: [
      {
        name: "MNIST comes from a URL, unpacked on its way by the server's Content-Encoding",
        async run() {
          const digits = await datasets.MNIST({ root: "mnist" });
          const [data, targets] = [digits.data.narrow(0, 0, COUNT), digits.targets.narrow(0, 0, COUNT)];
          assert(digits.length === 60_000 && data.size(2) === 28, `there are ${digits.length} images`);
          assert(String(data.toTypedArray()) === String(images), "the images differ");
          assert(String(targets.toTypedArray()) === String(labels), "the labels differ");
          digits.data.dispose();
          digits.targets.dispose();
        },
      },
    ],
  } satisfies Record<string, Case[]>;
}

/** Chromium shows its heap to pages, not to workers; it was started with gc() and exact numbers. */
function heapUsed(): number | null {
  const { gc, performance } = globalThis as { gc?: (options: object) => void; performance: { memory?: { usedJSHeapSize: number } } };
  if (!gc || !performance.memory) return null;
  gc({ type: "major", execution: "sync", flavor: "last-resort" }); // a plain gc() leaves megabytes that one more would free
  return performance.memory.usedJSHeapSize;
}

/** What an op says before init(): the message of its error. */
export function beforeInit(): string {
  try {
    tensor([1, 2]);
  } catch (error) {
    return String(error);
  }
  return "no error";
}

import { ArgumentError, IndexError, ShapeError } from "../runtime/errors.js";
import { upload } from "../core/copy.js";
import type { Generator } from "../core/generator.js";
import { temporary } from "../core/op.js";
import { show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { indexSelect } from "../ops/gather.js";
import { select } from "../ops/slice.js";
import type { Collated } from "./collate.js";
import { permutation } from "./sampler.js";

/** Samples by number. Extend it, or pass any object with `length` and `get`. */
export abstract class Dataset<T> {
  abstract readonly length: number;

  /** Sample `index`, from 0 on. */
  abstract get(index: number): T;

  /**
   * The collated batch of these samples, where there is a faster way than `get` one by one; null where there is
   * none. It must give the same: a class that overrides `get` of one that has it overrides both.
   */
  getBatch?(indices: readonly number[]): Collated<T> | null;
}

/** Samples in a row, from files or streams. It may have a `length`, if that is known: only `loader.length` asks. */
export abstract class IterableDataset<T> implements Iterable<T> {
  abstract [Symbol.iterator](): Iterator<T>;
}

/** The index counted from 0; negative ones count from the end. @throws IndexError */
export function checkIndex(name: string, index: number, length: number): number {
  if (!Number.isInteger(index) || index < -length || index >= length) {
    throw new IndexError(`${name}: index ${index} is out of range for ${length} sample(s)`);
  }
  return index < 0 ? index + length : index;
}

/** These rows (along dim 0), copied. */
export function rows(x: Tensor, indices: readonly number[]): Tensor {
  return temporary(() => indexSelect(x, 0, upload(indices, [indices.length], "int32", "getBatch")));
}

/** Sample i is `[tensors[0][i], tensors[1][i], …]`: views. @throws ShapeError unless all have one length along dim 0 */
export class TensorDataset<T extends readonly Tensor[]> extends Dataset<T> {
  readonly tensors: T;

  constructor(...tensors: T) {
    super();
    if (tensors.length === 0) throw new ArgumentError("TensorDataset(): expected at least one tensor");
    const length = tensors[0]!.shape[0];
    if (tensors.some((x) => x.ndim === 0 || x.shape[0] !== length)) {
      throw new ShapeError(
        `TensorDataset(): all tensors must have the same size along dim 0, got ${tensors.map((x) => show(x.shape)).join(", ")}`,
      );
    }
    this.tensors = tensors;
  }

  get length(): number {
    return this.tensors[0]!.shape[0]!;
  }

  override get(index: number): T {
    const at = checkIndex("TensorDataset.get()", index, this.length);
    return this.tensors.map((x) => select(x, 0, at)) as unknown as T;
  }

  override getBatch(indices: readonly number[]): Collated<T> | null {
    if (this.get !== TensorDataset.prototype.get) return null; // a subclass gives other samples
    return this.tensors.map((x) => rows(x, indices)) as unknown as Collated<T>;
  }
}

/** The samples of a dataset with these numbers, in this order. @throws IndexError */
export class Subset<T> extends Dataset<T> {
  constructor(
    readonly dataset: Dataset<T>,
    readonly indices: readonly number[],
  ) {
    super();
    for (const index of indices) checkIndex("Subset()", index, dataset.length);
  }

  get length(): number {
    return this.indices.length;
  }

  override get(index: number): T {
    return this.dataset.get(this.indices[checkIndex("Subset.get()", index, this.length)]!);
  }

  override getBatch(indices: readonly number[]): Collated<T> | null {
    if (this.get !== Subset.prototype.get) return null;
    return this.dataset.getBatch?.(indices.map((index) => this.indices[checkIndex("Subset.getBatch()", index, this.length)]!)) ?? null;
  }
}

/** Datasets one behind the other. */
export class ConcatDataset<T> extends Dataset<T> {
  /** Where each dataset ends. */
  readonly cumulativeSizes: readonly number[];

  constructor(readonly datasets: readonly Dataset<T>[]) {
    super();
    if (datasets.length === 0) throw new ArgumentError("ConcatDataset(): expected at least one dataset, got an empty list");
    let end = 0;
    this.cumulativeSizes = datasets.map(({ length }) => (end += length));
  }

  get length(): number {
    return this.cumulativeSizes.at(-1)!;
  }

  override get(index: number): T {
    const at = checkIndex("ConcatDataset.get()", index, this.length);
    const which = this.cumulativeSizes.findIndex((end) => at < end);
    return this.datasets[which]!.get(at - (this.cumulativeSizes[which - 1] ?? 0));
  }
}

/**
 * Splits a dataset at random into parts that do not overlap: PyTorch's parts for the same seed.
 *
 * @param lengths how many samples each part gets; or fractions that add up to 1, each rounded down, what is then
 *   left going one each to the first parts
 * @param options `generator`: default the one that `manualSeed` seeds
 * @throws ArgumentError when the lengths do not add up
 */
export function randomSplit<T>(dataset: Dataset<T>, lengths: readonly number[], options: { generator?: Generator } = {}): Subset<T>[] {
  const sum = lengths.reduce((a, b) => a + b, 0);
  // As Python's math.isclose(sum, 1) says it. Fractions such as 0.7 + 0.2 + 0.1 add up to slightly less.
  const counts = sum <= 1 && 1 - sum <= 1e-9 ? countsOf(lengths, dataset.length) : lengths;
  if (counts.some((count) => !Number.isInteger(count) || count < 0) || counts.reduce((a, b) => a + b, 0) !== dataset.length) {
    throw new ArgumentError(
      `randomSplit(): the lengths ${show(lengths)} must be whole numbers that add up to the dataset's ${dataset.length}, or fractions that add up to 1`,
    );
  }
  const order = Array.from(permutation(dataset.length, options.generator));
  let end = 0;
  return counts.map((count) => new Subset(dataset, order.slice(end, (end += count))));
}

function countsOf(fractions: readonly number[], total: number): number[] {
  const bad = fractions.findIndex((fraction) => !(fraction >= 0 && fraction <= 1));
  if (bad >= 0) throw new ArgumentError(`randomSplit(): fraction ${bad} is ${fractions[bad]}, not between 0 and 1`);
  const counts = fractions.map((fraction) => Math.floor(total * fraction));
  const left = total - counts.reduce((a, b) => a + b, 0);
  for (let i = 0; i < left; i++) counts[i % counts.length]!++;
  return counts;
}

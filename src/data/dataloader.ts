import { ArgumentError } from "../runtime/errors.js";
import { type Generator, defaultGenerator } from "../core/generator.js";
import { storagesOf } from "../core/op.js";
import { type Storage, closeScope, creationMark, nextStep, openScope } from "../core/storage.js";
import { type Collated, defaultCollate } from "./collate.js";
import type { Dataset } from "./dataset.js";
import { macrotask } from "./macrotask.js";
import { BatchSampler, RandomSampler, type Sampler, SequentialSampler, checkCount } from "./sampler.js";

export interface DataLoaderOptions<T, B = Collated<T>> {
  /** Samples per batch. Default 1. */
  batchSize?: number;
  /** A new random order in each epoch. Default false. */
  shuffle?: boolean;
  /** The sample numbers in the order to visit them; instead of `shuffle`. */
  sampler?: Sampler;
  /** Lists of sample numbers, a batch each; instead of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: Sampler<readonly number[]>;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Makes a batch of samples. Default: see `defaultCollate`. */
  collateFn?: (samples: T[]) => B;
  /** What the random order is drawn from. Default: what `manualSeed` seeds. */
  generator?: Generator;
}

/** An async loop lets other tasks run at least this often: twice per frame. */
const PAUSE_EVERY_MS = 8;

/**
 * The samples of a dataset in batches: `for (const [x, y] of loader)`, or `for await`, which lets events, timers
 * and rendering run in between.
 *
 * With `shuffle` the order of each epoch is PyTorch's for the same `manualSeed`. A batch needs no care: once the
 * next is asked for, its memory is the first to be reused (and stays readable where it is held on to).
 *
 * @throws ArgumentError on options that contradict each other
 */
export class DataLoader<T, B = Collated<T>> implements Iterable<B>, AsyncIterable<B> {
  private readonly source: Dataset<T> | null;
  private readonly batches: Sampler<readonly number[]> | null;

  /** @param dataset a dataset, an array of samples, or an iterable of them */
  constructor(
    readonly dataset: Dataset<T> | readonly T[] | (Iterable<T> & { readonly length?: number }),
    private readonly options: DataLoaderOptions<T, B> = {},
  ) {
    this.source = mapStyle(dataset);
    checkOptions(options, this.source === null);
    this.batches = this.source ? batchSamplerOf(this.source, options) : null;
  }

  /** The number of batches. @throws ArgumentError when the dataset or sampler does not know its length */
  get length(): number {
    const { batchSize = 1, dropLast = false } = this.options;
    const samples = this.dataset.length;
    const length = this.batches
      ? this.batches.length
      : samples === undefined
        ? undefined
        : (dropLast ? Math.floor : Math.ceil)(samples / batchSize);
    if (length === undefined)
      throw new ArgumentError("DataLoader.length: the dataset or sampler does not say how long it is; give it a length");
    return length;
  }

  [Symbol.iterator](): IterableIterator<B> {
    // PyTorch seeds its workers with this number, so it comes first in the stream here too.
    (this.options.generator ?? defaultGenerator()).random64();
    return this.epoch();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<B> {
    let paused = performance.now();
    for (const batch of this) {
      yield batch;
      if (performance.now() - paused < PAUSE_EVERY_MS) continue;
      await macrotask();
      paused = performance.now();
    }
  }

  private *epoch(): IterableIterator<B> {
    const batches = this.source ? this.picked(this.source, this.batches!) : this.streamed();
    try {
      for (;;) {
        const mark = creationMark();
        const next = this.next(batches);
        if (next.done) return;
        const batch = next.value;
        yield batch;
        // The next one is asked for.
        for (const storage of storagesOf(batch)) if (storage.id > mark) spend(storage);
        nextStep();
      }
    } finally {
      batches.return?.();
    }
  }

  /** Single samples, and what their transforms made, are spent once they stand in a batch. */
  private next(batches: Iterator<B>): IteratorResult<B> {
    const scope = openScope();
    let kept: ReadonlySet<Storage> | undefined;
    try {
      const next = batches.next();
      kept = storagesOf(next.value);
      return next;
    } finally {
      closeScope(scope, (storage) => {
        if (!kept?.has(storage)) spend(storage);
      });
    }
  }

  private *picked(source: Dataset<T>, batches: Sampler<readonly number[]>): IterableIterator<B> {
    for (const indices of batches) yield this.fetch(source, indices);
  }

  private *streamed(): IterableIterator<B> {
    const { batchSize = 1, dropLast = false } = this.options;
    let samples: T[] = [];
    for (const sample of this.dataset as Iterable<T>) {
      samples.push(sample);
      if (samples.length < batchSize) continue;
      yield this.collate(samples);
      samples = [];
    }
    if (samples.length > 0 && !dropLast) yield this.collate(samples);
  }

  private fetch(source: Dataset<T>, indices: readonly number[]): B {
    const fast = this.options.collateFn ? null : (source.getBatch?.(indices) ?? null);
    return fast === null ? this.collate(indices.map((index) => source.get(index))) : (fast as B);
  }

  private collate(samples: T[]): B {
    const { collateFn } = this.options;
    return collateFn ? collateFn(samples) : (defaultCollate(samples) as B);
  }
}

/** Probably garbage from here on: it leaves WebAssembly memory first, but stays readable. */
function spend(storage: Storage): void {
  if (!storage.fromGraph) storage.spent = true;
}

/** The samples by number; null for a dataset that can only be walked through. */
function mapStyle<T>(dataset: Dataset<T> | readonly T[] | Iterable<T>): Dataset<T> | null {
  if (Array.isArray(dataset)) {
    const samples = dataset as readonly T[];
    return { length: samples.length, get: (index) => samples[index]! };
  }
  if (typeof dataset === "object" && dataset !== null && "get" in dataset) return dataset;
  if (typeof dataset === "object" && dataset !== null && Symbol.iterator in dataset) return null;
  throw new ArgumentError("DataLoader(): the dataset must have length and get(index), be an array, or be iterable");
}

function batchSamplerOf<T, B>(source: Dataset<T>, options: DataLoaderOptions<T, B>): Sampler<readonly number[]> {
  const { batchSize = 1, shuffle = false, sampler, batchSampler, dropLast = false, generator } = options;
  if (batchSampler) return batchSampler;
  return new BatchSampler(
    sampler ?? (shuffle ? new RandomSampler(source, { generator }) : new SequentialSampler(source)),
    batchSize,
    dropLast,
  );
}

function checkOptions<T, B>(options: DataLoaderOptions<T, B>, iterable: boolean): void {
  const { batchSize = 1, shuffle, sampler, batchSampler, dropLast } = options;
  checkCount("DataLoader()", "batchSize", batchSize);
  if (iterable && (shuffle || sampler || batchSampler))
    throw new ArgumentError("DataLoader(): an iterable dataset comes in its own order: leave out shuffle, sampler and batchSampler");
  if (sampler && shuffle) throw new ArgumentError("DataLoader(): a sampler decides the order, so shuffle must be left out");
  if (batchSampler && (batchSize !== 1 || shuffle || sampler || dropLast)) {
    throw new ArgumentError("DataLoader(): a batchSampler decides everything: leave out batchSize, shuffle, sampler and dropLast");
  }
}

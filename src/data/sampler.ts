import { ArgumentError } from "../runtime/errors.js";
import { Generator, defaultGenerator } from "../core/generator.js";
import { fromTypedArray } from "../ops/creation.js";
import { toTypedArray } from "../ops/access.js";
import { multinomial, randint, randperm } from "../ops/random.js";
import type { Tensor } from "../core/tensor.js";

/** Sample numbers (or lists of them, a batch each) in the order to visit them. A new iteration may give a new order. */
export interface Sampler<T = number> extends Iterable<T> {
  /** How many there are, if that is known. */
  readonly length?: number;
}

/** Anything with a length: a dataset, an array. */
export interface Sized {
  readonly length: number;
}

export interface GeneratorOptions {
  /** What random numbers are drawn from. Default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** 0, 1, 2, … */
export class SequentialSampler implements Sampler {
  constructor(readonly dataSource: Sized) {}

  get length(): number {
    return this.dataSource.length;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

export interface RandomSamplerOptions extends GeneratorOptions {
  /** Draw each number anew from all. Default false: a permutation. */
  replacement?: boolean;
  /** Default: the length of the source. */
  numSamples?: number;
}

/** How many numbers PyTorch draws at a time with replacement. */
const CHUNK = 32;

/**
 * A new random order in each iteration: PyTorch's for the same seed.
 *
 * Without a generator of its own it draws one number from the default generator, in each iteration, and seeds
 * a private one with it.
 * @throws ArgumentError when there is nothing to draw from
 */
export class RandomSampler implements Sampler {
  private readonly replacement: boolean;
  private readonly numSamples: number | undefined;
  private readonly generator: Generator | undefined;

  constructor(
    readonly dataSource: Sized,
    options: RandomSamplerOptions = {},
  ) {
    this.replacement = options.replacement ?? false;
    this.numSamples = options.numSamples;
    this.generator = options.generator;
    checkCount("RandomSampler()", "numSamples", this.length);
    if (dataSource.length === 0) throw new ArgumentError("RandomSampler(): the source is empty");
  }

  get length(): number {
    return this.numSamples ?? this.dataSource.length;
  }

  *[Symbol.iterator](): Iterator<number> {
    if (this.generator) yield* this.draw(this.generator);
    // All at once: the private generator serves one iteration after the other.
    else yield* [...this.draw(reseeded())];
  }

  private *draw(generator: Generator): Iterable<number> {
    const n = this.dataSource.length;
    const portion = this.replacement ? CHUNK : n;
    const rest = this.length % portion;
    for (let left = this.length; left >= portion; left -= portion) yield* this.portion(portion, generator);
    // A last, partial draw, which PyTorch makes even when nothing is left.
    yield* this.portion(rest, generator);
  }

  private portion(count: number, generator: Generator): Iterable<number> {
    const n = this.dataSource.length;
    return this.replacement ? valuesOf(randint(0, n, [count], { generator })) : permutation(n, generator).subarray(0, count);
  }
}

let spare: Generator | null = null;

/** A generator that starts where the default one says. It is one and the same each time: generators hold memory. */
function reseeded(): Generator {
  spare ??= new Generator();
  return spare.manualSeed(Number(BigInt.asUintN(32, defaultGenerator().random64())));
}

/** 0..n-1 in random order. */
export function permutation(n: number, generator?: Generator): Int32Array {
  return valuesOf(randperm(n, { generator }));
}

function valuesOf(x: Tensor): Int32Array {
  const values = toTypedArray(x) as Int32Array;
  x.dispose();
  return values;
}

/** The given sample numbers in random order, new in each iteration. */
export class SubsetRandomSampler implements Sampler {
  constructor(
    readonly indices: readonly number[],
    private readonly options: GeneratorOptions = {},
  ) {}

  get length(): number {
    return this.indices.length;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (const i of permutation(this.length, this.options.generator)) yield this.indices[i]!;
  }
}

/** `numSamples` numbers from 0 on, each as likely as its weight says. Weights need not add up to 1. */
export class WeightedRandomSampler implements Sampler {
  private readonly weights: Float64Array;

  /** @param options `replacement`: whether a number may come again, default true */
  constructor(
    weights: Iterable<number>,
    readonly numSamples: number,
    private readonly options: GeneratorOptions & { replacement?: boolean } = {},
  ) {
    checkCount("WeightedRandomSampler()", "numSamples", numSamples);
    this.weights = Float64Array.from(weights);
  }

  get length(): number {
    return this.numSamples;
  }

  *[Symbol.iterator](): Iterator<number> {
    const { replacement = true, generator } = this.options;
    const weights = fromTypedArray(this.weights);
    const drawn = multinomial(weights, this.numSamples, { replacement, generator });
    weights.dispose();
    yield* valuesOf(drawn);
  }
}

/** The numbers of another sampler in lists of `batchSize`; the last may be shorter, or is left out with `dropLast`. */
export class BatchSampler implements Sampler<number[]> {
  constructor(
    readonly sampler: Sampler,
    readonly batchSize: number,
    readonly dropLast: boolean,
  ) {
    checkCount("BatchSampler()", "batchSize", batchSize);
  }

  get length(): number | undefined {
    const { length } = this.sampler;
    return length === undefined ? undefined : (this.dropLast ? Math.floor : Math.ceil)(length / this.batchSize);
  }

  *[Symbol.iterator](): Iterator<number[]> {
    let batch: number[] = [];
    for (const index of this.sampler) {
      batch.push(index);
      if (batch.length < this.batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}

export function checkCount(name: string, what: string, count: number): void {
  if (!(Number.isInteger(count) && count > 0)) throw new ArgumentError(`${name}: ${what} must be a whole number from 1 on, got ${count}`);
}

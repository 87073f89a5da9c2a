import { backend } from "../runtime/backend.js";
import { ArgumentError } from "../runtime/errors.js";
import type { Ptr } from "../runtime/memory.js";
import { Storage } from "./storage.js";

/**
 * A stream of random numbers: PyTorch's CPU generator (MT19937), number for number.
 *
 * Random functions draw from the default one, which `manualSeed` seeds, or from the one in their options.
 */
export class Generator {
  private readonly storage: Storage;
  private seed = 0;

  /** @param seed default 67280421310721, as in PyTorch */
  constructor(seed = 67280421310721) {
    this.storage = Storage.create(backend().exports.generator_bytes(), "Generator");
    this.storage.pinned = true; // its state is never in a graph, and moving it would only cost
    this.manualSeed(seed);
  }

  /** Starts the stream of `seed`. PyTorch's generator uses its low 32 bits. @throws ArgumentError unless a whole number */
  manualSeed(seed: number): this {
    if (!Number.isSafeInteger(seed)) throw new ArgumentError(`manualSeed(): the seed must be a whole number, got ${seed}`);
    this.seed = seed;
    backend().exports.generator_seed(this.address, Number(BigInt.asUintN(32, BigInt(seed))));
    return this;
  }

  initialSeed(): number {
    return this.seed;
  }

  /** The state's address, for kernels. Valid until the next allocation. */
  get address(): Ptr {
    return this.storage.address;
  }

  /** The whole state, to go on from later with `setState`. */
  getState(): Uint8Array {
    return this.storage.bytes.slice();
  }

  /** @throws ArgumentError unless the bytes came from `getState` */
  setState(state: Uint8Array): this {
    if (state.length !== this.storage.nbytes)
      throw new ArgumentError(`setState(): expected ${this.storage.nbytes} bytes from getState(), got ${state.length}`);
    this.storage.bytes.set(state);
    return this;
  }

  /** 64 random bits, the draw that PyTorch's samplers seed themselves with. */
  random64(): bigint {
    const words = Storage.create(8, "Generator");
    const ptr = words.address;
    backend().exports.random_words(ptr, this.address, 2);
    const { u32 } = backend().memory.views;
    const value = (BigInt(u32[ptr / 4]!) << 32n) | BigInt(u32[ptr / 4 + 1]!);
    words.free("it was internal to a generator");
    return value;
  }
}

let shared: Generator | null = null;

/** The generator that functions draw from unless they are given another. */
export function defaultGenerator(): Generator {
  return (shared ??= new Generator());
}

/** Seeds the default generator, as `torch.manual_seed` does. */
export function manualSeed(seed: number): Generator {
  return defaultGenerator().manualSeed(seed);
}

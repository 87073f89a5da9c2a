import type { PlainTensor } from "../core/plain.js";
import type { Tensor } from "../core/tensor.js";

type AnyFunction = (...args: never[]) => unknown;

/** What arrives of a value that another thread sent: tensors as plain data, all else as it was. */
export type Plain<T> = T extends Tensor
  ? PlainTensor
  : T extends string | number | boolean | bigint | null | undefined
    ? T
    : T extends AnyFunction
      ? never
      : T extends ReadonlyMap<infer K, infer V>
        ? Map<K, Plain<V>>
        : T extends ReadonlySet<infer V>
          ? Set<Plain<V>>
          : T extends readonly unknown[]
            ? { [I in keyof T]: Plain<T[I]> }
            : T extends object
              ? // What has methods is of a class that cloning knows: typed arrays, dates, blobs.
                Extract<T[keyof T], AnyFunction> extends never
                ? { [K in keyof T]: Plain<T[K]> }
                : T
              : T;

/** An argument that the page may send. A method that takes a tensor is to declare a PlainTensor, and make a tensor of it by `tensor(plain)`. */
type Sent<A extends readonly unknown[]> = { [I in keyof A]: A[I] extends Tensor ? never : A[I] };

/**
 * A training loop that goes on in a worker: a promise of the generator's return value, and an async iterable of what it yields.
 *
 * A reader gets every value, in order. While 1000 of them (`connect(worker, { queue })`) are unread the worker waits; without
 * a reader the worker never waits, and the last 1000 are kept for one that comes. Leaving the loop early cancels the run.
 */
export interface Run<Progress, Result> extends Promise<Result>, AsyncIterable<Progress, void> {
  /** Only ever the newest value: what a page draws from, frame by frame. The worker does not wait. */
  latest(): AsyncIterable<Progress, void>;
  /** Stops at the next yield. Other calls are answered meanwhile. */
  pause(): void;
  resume(): void;
  readonly paused: boolean;
  /**
   * Ends the generator at its next yield; its finally blocks run. After that the promise, and the loop that reads, reject with
   * the reason.
   * @param reason default: an AbortError
   */
  cancel(reason?: unknown): void;
}

type RemoteMethod<F> = F extends (...args: infer A) => infer R ? (...args: Sent<A>) => Answer<R> : never;

type Answer<R> = [R] extends [never]
  ? Promise<never>
  : [R] extends [Generator<infer Y, infer V, unknown> | AsyncGenerator<infer Y, infer V, unknown>]
    ? Run<Plain<Y>, Plain<V>>
    : Promise<Plain<Awaited<R>>>;

/** A worker's object as the page sees it: its generators start runs, its other methods give promises. */
export type Remote<T extends object> = {
  readonly [K in keyof T as T[K] extends AnyFunction ? K : never]: RemoteMethod<T[K]>;
} & RemoteControls;

export interface RemoteControls {
  /** Resolves when the worker's script has called `expose()`; rejects when it cannot. No call needs to wait for it. */
  readonly ready: Promise<void>;
  /** Ends the worker at once. What is pending rejects with an AbortError; a later call with a WorkerError. */
  terminate(): void;
  [Symbol.dispose](): void;
}

/** Names that an exposed object cannot use. */
export const RESERVED: readonly string[] = ["ready", "terminate", "then"];

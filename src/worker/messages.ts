import type { WireError } from "./thrown.js";

/*
 * What the two sides say to each other. Every message is wrapped, so that others may use the same worker's messages.
 */

/** Where AbortSignals stood, which cannot be cloned: cloning keeps it that what is the same object within one message is so again. */
export interface SignalPlaces {
  /** What stands in their place. */
  readonly mark: object;
  /** The arrays, objects, Maps and Sets that it stands in. */
  readonly holders: readonly object[];
}

export type ToWorker =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly method: string;
      readonly args: unknown;
      readonly places: SignalPlaces;
      readonly queue: number;
    }
  | { readonly kind: "cancel"; readonly id: number; readonly reason: WireError }
  | { readonly kind: "pause"; readonly id: number; readonly on: boolean }
  /** So many values of a run have been read. */
  | { readonly kind: "took"; readonly id: number; readonly count: number }
  /** From now on only the newest value is of interest. */
  | { readonly kind: "latest"; readonly id: number };

export type FromWorker =
  | { readonly kind: "ready"; /** Which it holds for as long as it lives. */ readonly lock: string | null }
  | { readonly kind: "progress"; readonly id: number; readonly values: readonly unknown[] }
  | { readonly kind: "done"; readonly id: number; readonly value: unknown }
  | { readonly kind: "cancelled"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly error: WireError };

export interface Envelope<M> {
  readonly lanegrad: M;
}

export function open<M extends ToWorker | FromWorker>(data: unknown): M | null {
  return typeof data === "object" && data !== null && "lanegrad" in data ? (data as Envelope<M>).lanegrad : null;
}

/**
 * The block of shared memory through which the pool and its workers talk. All of it is atomics: a call
 * never waits for an event loop.
 *
 * A job is published by writing its fields, then TICKET, then SEQ. TICKET packs the job's tag and how many chunks
 * are left to claim; a worker claims one by compare-and-swap. Since a job's fields are only overwritten when none is
 * left, a claim that succeeds proves that the fields read before it were this job's: a late waker, who may have read
 * a mixture of two jobs, finds another tag or nothing left, whatever it read. DONE packs the tag and the number of
 * finished chunks.
 */
export const SEQ = 0;
export const TICKET = 1;
export const DONE = 2;
export const KERNEL = 3;
export const ARG_COUNT = 4;
export const TOTAL = 5;
export const CHUNK = 6;
export const CHUNKS = 7;
/** Index + 1 of a worker whose kernel threw. */
export const FAILED = 8;
export const STOP = 9;
/** Workers that have started. */
export const READY = 10;
/** From here on one word per worker: 1 while it claims or runs chunks. */
export const BUSY = 16;
export const MAX_WORKERS = 63;
/** From here on one word per chunk: the tag of the last job that finished it. */
const FINISHED = BUSY + MAX_WORKERS;

/** Chunks of one job are counted in the low bits of TICKET and DONE. */
const CHUNK_BITS = 8;
export const MAX_CHUNKS = (1 << CHUNK_BITS) - 1;
const CHUNK_MASK = MAX_CHUNKS;

const INTS = FINISHED + MAX_CHUNKS + 1;
export const MAX_ARGS = 48;
const ARGS_OFFSET = Math.ceil(INTS / 2) * 8;
const TEXT_OFFSET = ARGS_OFFSET + MAX_ARGS * 8;
const TEXT_BYTES = 1024;

export interface Control {
  readonly ints: Int32Array;
  readonly args: Float64Array;
  readonly text: Uint8Array;
}

export function createControl(): Control {
  return controlOf(new SharedArrayBuffer(TEXT_OFFSET + TEXT_BYTES));
}

export function controlOf(buffer: SharedArrayBuffer): Control {
  return {
    ints: new Int32Array(buffer, 0, INTS),
    args: new Float64Array(buffer, ARGS_OFFSET, MAX_ARGS),
    text: new Uint8Array(buffer, TEXT_OFFSET, TEXT_BYTES),
  };
}

/** The high bits that mark a job's TICKET and DONE. */
export function tagOf(seq: number): number {
  return seq << CHUNK_BITS;
}

/** What TICKET is when a job begins. */
export function ticketOf(tag: number, chunks: number): number {
  return tag | chunks;
}

/** A chunk of the job with `tag`, claimed for the caller; -1 when none is left or the job is over. */
export function claim(ints: Int32Array, tag: number, chunks: number): number {
  for (;;) {
    const ticket = Atomics.load(ints, TICKET);
    const left = ticket & CHUNK_MASK; // not `chunks`, which may be the next job's
    if ((ticket & ~CHUNK_MASK) !== tag || left === 0) return -1;
    if (Atomics.compareExchange(ints, TICKET, ticket, ticket - 1) === ticket) return chunks - left;
  }
}

/** Marks a chunk of the job with `tag` as done and says how many are; -1 when the job is over. */
export function finish(ints: Int32Array, tag: number, chunk: number): number {
  Atomics.store(ints, FINISHED + chunk, tag);
  for (;;) {
    const done = Atomics.load(ints, DONE);
    if ((done & ~CHUNK_MASK) !== tag) return -1;
    if (Atomics.compareExchange(ints, DONE, done, done + 1) === done) return (done & CHUNK_MASK) + 1;
  }
}

/** The chunks of the job with `tag` that nobody has finished. */
export function unfinished(ints: Int32Array, tag: number, chunks: number): number[] {
  return Array.from({ length: chunks }, (_, chunk) => chunk).filter((chunk) => Atomics.load(ints, FINISHED + chunk) !== tag);
}

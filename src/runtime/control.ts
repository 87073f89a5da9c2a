/**
 * The block of shared memory through which the pool and its workers talk. All of it is atomics: a call
 * never waits for an event loop.
 *
 * A job is published by writing its fields, then a word per chunk, then SEQ. The word packs the job's tag and whether the
 * chunk is open, claimed or finished; a thread claims it by compare-and-swap. Since a job's fields are only overwritten
 * when none of its chunks is open, a claim that succeeds proves that the fields read before it were this job's: a late
 * waker, who may have read a mixture of two jobs, finds other tags or nothing open, whatever it read. DONE packs the tag
 * and the number of finished chunks.
 *
 * Every thread begins at a place of its own, `placeOf`, and goes around: so the same part of a batch goes to the same
 * thread, job after job, and finds in its caches what it wrote there before. Threads may be far apart: on processors
 * of several dies the way from one to another takes as long as to memory.
 */
export const SEQ = 0;
/** Threads in all, the caller's included, when the pool started. */
export const MEMBERS = 1;
export const DONE = 2;
export const KERNEL = 3;
export const ARG_COUNT = 4;
export const TOTAL = 5;
export const GRAIN = 6;
export const CHUNKS = 7;
/** Index + 1 of a worker whose kernel threw. */
export const FAILED = 8;
export const STOP = 9;
/** Workers that have started. */
export const READY = 10;
/** From here on one word per worker: 1 while it claims or runs chunks. */
export const BUSY = 16;
export const MAX_WORKERS = 63;
/** From here on one word per chunk: the tag of the last job that had it, and how far it is. */
export const STATE = BUSY + MAX_WORKERS + 1;
const CLAIMED = 1;
const FINISHED = 2;

/** Chunks of one job are counted in the low bits of DONE; a chunk's state lies in those of its word. */
const CHUNK_BITS = 8;
export const MAX_CHUNKS = (1 << CHUNK_BITS) - 1;
const CHUNK_MASK = MAX_CHUNKS;

const INTS = STATE + MAX_CHUNKS + 1;
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

/** The high bits that mark a job's DONE and its chunks. */
export function tagOf(seq: number): number {
  return seq << CHUNK_BITS;
}

/** Opens the chunks of the job with `tag`. */
export function open(ints: Int32Array, tag: number, chunks: number): void {
  Atomics.store(ints, DONE, tag);
  for (let chunk = 0; chunk < chunks; chunk++) Atomics.store(ints, STATE + chunk, tag);
}

/** The chunk at which thread `member` begins: 0 is the caller, then come the workers. */
export function placeOf(ints: Int32Array, member: number, chunks: number): number {
  return Math.floor((member * chunks) / ints[MEMBERS]!);
}

/** Where `chunk` of `chunks` begins: at a multiple of `grain`, so that all are as equal as can be. */
export function boundary(chunk: number, chunks: number, total: number, grain: number): number {
  return Math.min(total, Math.floor((chunk * Math.ceil(total / grain)) / chunks) * grain);
}

/** The first open chunk from `place` on, going around, of the job with `tag`, now the caller's; -1 when none is open or the job is over. */
export function claim(ints: Int32Array, tag: number, chunks: number, place: number): number {
  for (let i = 0; i < chunks; i++) {
    const chunk = (place + i) % chunks;
    if (take(ints, tag, chunk)) return chunk;
  }
  return -1;
}

/** Claims what follows `chunk` too, up to `end` at most, and says how far: one call of a kernel for several chunks packs its operands once. */
export function claimOn(ints: Int32Array, tag: number, chunk: number, end: number): number {
  let next = chunk + 1;
  while (next < end && take(ints, tag, next)) next++;
  return next;
}

function take(ints: Int32Array, tag: number, chunk: number): boolean {
  const at = STATE + chunk;
  return Atomics.load(ints, at) === tag && Atomics.compareExchange(ints, at, tag, tag | CLAIMED) === tag;
}

/**
 * Claims chunks of the job with `tag` for thread `member` and has `compute` run them, until none is open. What a thread
 * begins with is most of its own share in one call; the rest goes chunk by chunk to whoever is free.
 *
 * @returns whether this thread finished the last one
 */
export function share(
  ints: Int32Array,
  tag: number,
  chunks: number,
  member: number,
  compute: (first: number, end: number) => void,
): boolean {
  let place = placeOf(ints, member, chunks);
  let most = placeOf(ints, member + 1, chunks) - place - 1;
  let last = false;
  for (let first = claim(ints, tag, chunks, place); first >= 0; first = claim(ints, tag, chunks, place)) {
    place = claimOn(ints, tag, first, Math.min(chunks, first + most));
    most = 1;
    compute(first, place);
    for (let chunk = first; chunk < place; chunk++) last = finish(ints, tag, chunk) === chunks;
  }
  return last;
}

/** Marks a claimed chunk of the job with `tag` as done and says how many are; -1 when the job is over. */
export function finish(ints: Int32Array, tag: number, chunk: number): number {
  if (Atomics.compareExchange(ints, STATE + chunk, tag | CLAIMED, tag | FINISHED) !== (tag | CLAIMED)) return -1;
  for (;;) {
    const done = Atomics.load(ints, DONE);
    if ((done & ~CHUNK_MASK) !== tag) return -1;
    if (Atomics.compareExchange(ints, DONE, done, done + 1) === done) return (done & CHUNK_MASK) + 1;
  }
}

/** The chunks of the job with `tag` that nobody has finished. */
export function unfinished(ints: Int32Array, tag: number, chunks: number): number[] {
  return Array.from({ length: chunks }, (_, chunk) => chunk).filter((chunk) => Atomics.load(ints, STATE + chunk) !== (tag | FINISHED));
}

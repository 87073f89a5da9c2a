import { backend, setSuspectHandler } from "../runtime/backend.js";
import { DisposedError, OutOfMemoryError } from "../runtime/errors.js";
import type { Ptr } from "../runtime/memory.js";
import { observer } from "../runtime/observer.js";

/*
 * Memory that nobody thinks about.
 *
 * Finalisers never run inside a synchronous loop, so the garbage collector cannot manage WebAssembly memory
 * directly. It can manage JavaScript buffers, even in such a loop. So WebAssembly memory is a cache over the
 * JavaScript heap: when a block is needed and none is free, storages that lie idle are moved out ("spilled")
 * into JavaScript buffers, which are collected once nobody holds the tensor. A touch brings a spilled storage
 * back. Nothing is lost by it, whatever the user kept.
 *
 * One thing is dropped for good: what a graph made and `backward()` consumed, when it is larger than
 * SPILL_LIMIT, as copying all activations of each step would cost too much. Reading it later is an error.
 *
 * Time is counted in steps, which the first recorded op after a `backward()` and each batch of a loader start, and
 * in ticks: each step, and many allocations without one, as loops that never call backward() need time too.
 */

/** Consumed intermediates up to this size are spilled rather than dropped: logits, hidden states, metrics. */
const SPILL_LIMIT = 64 * 1024;
/** A storage used in this many different steps is in steady use. */
const HOT_USES = 4;
/** Ticks without a touch after which a storage counts as idle. */
const IDLE = 2;
/** The same for one that a graph holds: a backward() that comes at all has come by then. */
const IDLE_HELD = 16;
/** The same for one in steady use: parameters, cached batches. */
const IDLE_HOT = 256;
/** Allocations that make a tick: so many, or so many bytes, or so large a part of the memory there is. */
const TICK_ALLOCATIONS = 1024;
const TICK_BYTES = 1024 * 1024;
const TICK_PART = 1 / 4;
/** Storages in WebAssembly memory, beside those in use, before idle ones go: they weigh on the JavaScript heap. */
const MOST_IDLE = 4096;

const enum State {
  Resident,
  Spilled,
  Gone,
}

let step = 0;
let tick = 0;
let stepPending = false;
let residents: Storage[] = [];
/** What was made in the scopes that are open, in order. */
const made: Storage[] = [];
let openScopes = 0;
let stress = false;
let spilledBytes = 0;
let bytesInTick = 0;
let allocationsInTick = 0;
let mostResidents = MOST_IDLE;
const POISON = 0xff;
let created = 0;
/** Counts the storages asked for. Addresses taken since the last one stay valid while another spilled storage comes back. */
let epoch = 0;

/** Why a temporary is gone, for whoever reads it all the same. */
export const INTERNAL = "it was internal to an op";

/** A block of tensor memory, shared by all views of it. */
export class Storage {
  readonly id = ++created;
  /** Counts the in-place changes, so that backward can tell that a saved tensor is no longer what it was. */
  version = 0;
  /** Graph nodes that hold it for backward. */
  saved = 0;
  /** Made by a recorded op, and by nothing that outlives the graph. */
  fromGraph = false;
  /** A graph that used it is consumed, so it is probably garbage. */
  spent = false;
  /** Gradients on their way that lie in it, and whether the engine may free it once there are none. */
  pending = 0;
  engineOwned = false;
  /** A gradient, a parameter, an optimiser's memory: it lives on when the scope that made it ends. */
  outlives = false;
  /** Only graph nodes hold it: it goes with the last of them. */
  internal = false;
  /** A gradient that the user has had in hands, and may still hold. */
  seen = false;
  /** Memory that JavaScript looks into directly never moves. */
  pinned = false;
  private state = State.Resident;
  private lastStep = step;
  private lastTick = tick;
  private lastEpoch = epoch;
  private uses = 1;
  private spill: Uint8Array | null = null;
  private why = "";

  private constructor(
    private ptr: Ptr,
    readonly nbytes: number,
    /** The function that made it, for messages. */
    readonly origin: string,
  ) {}

  /** @throws OutOfMemoryError */
  static create(nbytes: number, origin: string): Storage {
    epoch++;
    const storage = new Storage(allocate(nbytes, origin), nbytes, origin);
    residents.push(storage);
    if (openScopes > 0) made.push(storage);
    if (observer !== null) observer.allocated(nbytes);
    return storage;
  }

  /**
   * Where it lies now. Valid until the next storage is made, which may move idle ones: allocate first, take
   * addresses last. (Taking another address may bring its storage back; that moves none whose address was taken.)
   * @throws DisposedError when it is gone
   */
  get address(): Ptr {
    if (this.state !== State.Resident) this.revive();
    this.touch();
    return this.ptr;
  }

  /** The bytes, wherever they lie, for reading only. Valid until the next allocation. */
  get bytes(): Uint8Array {
    if (this.state === State.Spilled) return this.spill!;
    return new Uint8Array(backend().memory.wasm.buffer, this.address, this.nbytes);
  }

  get isGone(): boolean {
    return this.state === State.Gone;
  }

  /** Throws now, before anything is allocated, if it is gone; if not, it is in use from here on. `reader` is the function that asks. */
  check(reader?: string): void {
    if (this.state === State.Gone) throw new DisposedError(reader ? `${reader.replace(/^_/, "")}(): ${this.why}` : this.why);
    this.touch();
  }

  /** Something that lasts holds it from now on: neither a graph nor a scope decides about it. */
  outlive(): void {
    this.fromGraph = false;
    this.outlives = true;
  }

  /** A gradient of the engine's that one node waits for, and nobody else. */
  get isSpare(): boolean {
    return this.engineOwned && this.pending === 1 && this.saved === 0 && !this.pinned;
  }

  /** A graph node no longer holds it. `own`: nobody else did. */
  unsave(own: boolean): void {
    this.saved--;
    this.spent = !this.outlives;
    if (own) this.internal = true;
    if (this.internal && this.saved === 0 && this.pending === 0 && !this.pinned && !this.outlives) this.free("it was internal to a graph");
  }

  /** Frees it at once. A later read throws with `why`. */
  free(why: string): void {
    if (this.state === State.Gone) return;
    if (this.state === State.Resident) giveBack(this.ptr, this.nbytes);
    this.spill = null;
    this.state = State.Gone;
    this.why = why;
  }

  private touch(): void {
    this.spent = false;
    this.lastEpoch = epoch;
    this.lastTick = tick;
    if (this.lastStep !== step) {
      this.lastStep = step;
      this.uses++;
    }
  }

  private revive(): void {
    this.check();
    const bytes = this.spill!;
    const ptr = allocate(this.nbytes, this.origin, (storage) => storage.lastEpoch === epoch);
    backend().memory.views.u8.set(bytes, ptr);
    this.ptr = ptr;
    this.spill = null;
    this.state = State.Resident;
    residents.push(this);
  }

  /** Moves it out of WebAssembly memory, or drops it; keeps it where `spare` says so. True when it left. */
  evict(spare: (storage: Storage) => boolean): boolean {
    if (this.pinned || spare(this)) return false;
    if (this.spent && this.fromGraph && this.nbytes > SPILL_LIMIT && this.saved === 0) {
      this.free(
        `the result of ${this.origin}() is no longer there: backward() consumed its graph, and a later step needed the memory. ` +
          `Call .keep() on it before backward(), or .detach() to carry it on, or .item() for a number`,
      );
      return true;
    }
    const { memory } = backend();
    this.spill = memory.views.u8.slice(this.ptr, this.ptr + this.nbytes);
    giveBack(this.ptr, this.nbytes);
    this.state = State.Spilled;
    spilledBytes += this.nbytes;
    return true;
  }

  get isResident(): boolean {
    return this.state === State.Resident;
  }

  /** Not touched for a while; a spent one, not touched in this tick, unless it comes back in every step. */
  get isIdle(): boolean {
    const age = tick - this.lastTick;
    if (this.spent && this.uses < HOT_USES) return age > 0 && this.saved === 0;
    if (this.saved > 0) return age > IDLE_HELD;
    return age > (this.uses >= HOT_USES ? IDLE_HOT : IDLE);
  }

  get isUntouched(): boolean {
    return this.lastTick !== tick;
  }

  holds(ptr: number): boolean {
    return this.state === State.Resident && ptr >= this.ptr && ptr < this.ptr + Math.max(1, this.nbytes);
  }

  /** Lets go of the block without giving it back: a thread that we lost may still write to it. */
  abandon(): void {
    const { memory } = backend();
    const bytes = memory.views.u8.slice(this.ptr, this.ptr + this.nbytes);
    memory.allocator.quarantine(this.nbytes);
    this.spill = bytes;
    this.state = State.Spilled;
    spilledBytes += this.nbytes;
  }
}

setSuspectHandler((ptr) => residents.find((storage) => storage.holds(ptr))?.abandon());

function allocate(nbytes: number, origin: string, inUse: (storage: Storage) => boolean = () => false): Ptr {
  const { memory } = backend();
  if (nbytes > memory.maximumBytes) throw outOfMemory(nbytes, origin); // no eviction could help
  if (stress) makeRoom(inUse);
  countAllocation(nbytes, memory.allocator.stats.reserved);
  let ptr = memory.tryAlloc(nbytes);
  if (ptr >= 0) return ptr as Ptr;
  makeRoom((storage) => inUse(storage) || !storage.isIdle);
  ptr = memory.tryAlloc(nbytes);
  if (ptr < 0 && memory.grow(nbytes)) ptr = memory.tryAlloc(nbytes);
  if (ptr < 0) {
    makeRoom((storage) => inUse(storage) || !storage.isUntouched);
    ptr = memory.tryAlloc(nbytes);
  }
  if (ptr < 0) throw outOfMemory(nbytes, origin);
  return ptr as Ptr;
}

function giveBack(ptr: Ptr, nbytes: number): void {
  const { memory } = backend();
  if (stress) memory.views.u8.fill(POISON, ptr, ptr + nbytes); // who still reads here gets NaN
  memory.free(ptr, nbytes);
}

function countAllocation(nbytes: number, reserved: number): void {
  bytesInTick += nbytes;
  if (++allocationsInTick > TICK_ALLOCATIONS || bytesInTick > Math.max(TICK_BYTES, reserved * TICK_PART)) nextTick();
  if (residents.length > mostResidents) {
    makeRoom((storage) => storage.saved > 0 || !storage.isIdle);
    mostResidents = MOST_IDLE + 2 * residents.length;
  }
}

function makeRoom(spare: (storage: Storage) => boolean): void {
  residents = residents.filter((storage) => storage.isResident && !storage.evict(spare));
}

function outOfMemory(nbytes: number, origin: string): OutOfMemoryError {
  const stats = memoryStats();
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return new OutOfMemoryError(
    `${origin}(): out of memory: ${mib(nbytes)} asked for, ${mib(stats.inUse)} in use by ${stats.tensors} tensors, ` +
      `${mib(stats.reserved)} reserved of at most ${mib(stats.maximum)}. Use a smaller batch, evaluate under noGrad(), ` +
      `or dispose() of what you no longer need`,
  );
}

/** Starts a step: what was spent in earlier ones may now be taken back. */
export function nextStep(): void {
  step++;
  stepPending = false;
  nextTick();
}

function nextTick(): void {
  tick++;
  bytesInTick = 0;
  allocationsInTick = 0;
}

/** The next recorded op starts a step: backward() has ended one. */
export function endStep(): void {
  stepPending = true;
}

export function onRecord(): void {
  if (stepPending) nextStep();
}

/** Opens a scope, and gives what `closeScope` wants to know of it. No lists: half of all ops open one. */
export function openScope(): number {
  openScopes++;
  return made.length;
}

/** Closes the innermost scope: `leave` decides about what was made in it. What it leaves belongs to the scope around. */
export function closeScope(mark: number, leave: (storage: Storage) => void): void {
  openScopes--;
  let kept = mark;
  for (let i = mark; i < made.length; i++) {
    const storage = made[i]!;
    if (!storage.isGone) leave(storage);
    if (openScopes > 0 && !storage.isGone) made[kept++] = storage;
  }
  while (made.length > kept) made.pop();
}

/** Runs `fn` in a scope of its own, also when it throws. */
export function collecting<R>(fn: () => R, leave: (storage: Storage) => void): R {
  const mark = openScope();
  try {
    return fn();
  } finally {
    closeScope(mark, leave);
  }
}

/** A mark for `freeSince`: the storages made from here on. */
export function creationMark(): number {
  return created;
}

/** Frees what was made since the mark: the call that made it has failed. */
export function freeSince(mark: number): void {
  for (let i = residents.length - 1; i >= 0 && residents[i]!.id > mark; i--) residents[i]!.free("the call that made it failed");
}

export interface MemoryStats {
  /** Bytes of WebAssembly memory that tensors hold now, rounding included. */
  inUse: number;
  /** The most so far. */
  peak: number;
  /** Bytes of WebAssembly memory that are there for tensors. It grows and never shrinks. */
  reserved: number;
  /** The limit of `reserved`. */
  maximum: number;
  /** Storages in WebAssembly memory. Views share one. */
  tensors: number;
  /** Bytes moved out into JavaScript buffers so far. */
  spilled: number;
}

/** What tensors take. */
export function memoryStats(): MemoryStats {
  const { memory } = backend();
  const { inUse, peak, reserved, blocks } = memory.allocator.stats;
  return { inUse, peak, reserved, maximum: memory.maximumBytes, tensors: blocks, spilled: spilledBytes };
}

/**
 * Moves every storage that is not in use right now out of WebAssembly memory, so that `memoryStats().inUse`
 * counts what the current step touched. For measurements.
 */
export function flushMemory(): void {
  nextStep();
  makeRoom(() => false);
}

/**
 * For tests: evicts all that may be evicted at every allocation, and overwrites what is given back, which shows code
 * that keeps an address too long.
 */
export function stressMemory(on: boolean): void {
  stress = on;
}

import type { Observer } from "../runtime/observer.js";

export type Kind = "module" | "op" | "backward" | "kernel";

/** What is known of one op, module or kernel. Times in milliseconds. */
export class Tally {
  calls = 0;
  /** With all that ran inside, and without what has a tally of the same sort. */
  total = 0;
  self = 0;
  /** Of `self`, what kernels took; of a module's `total`, what backward did. */
  inKernels = 0;
  backward = 0;
  /** Bytes of tensor memory asked for: with all that ran inside, and without. */
  bytes = 0;
  selfBytes = 0;
  /** The most threads that a call was shared among. */
  threads = 0;
  /** Calls that are going on: one inside another of the same name counts its time and bytes once. */
  active = 0;

  constructor(
    readonly kind: Kind,
    public name: string,
  ) {}
}

/** Something that ran: a bar in the trace. */
export interface Event {
  readonly tally: Tally;
  readonly start: number;
  duration: number;
  bytes: number;
  threads: number;
}

/** A call that is going on. */
interface Frame {
  readonly tally: Tally;
  readonly start: number;
  readonly event: Event | null;
  /** What others of its stack took inside, and kernels. */
  inner: number;
  inKernels: number;
  bytes: number;
  innerBytes: number;
}

/** Bytes in use at a time. */
export interface MemorySample {
  readonly time: number;
  readonly inUse: number;
}

/**
 * Keeps the books while `profile()` runs.
 *
 * Ops and the gradients of nodes are on one stack, modules on another: what an op took is not taken from the module
 * that called it, only a module inside of it is.
 */
export class Recorder implements Observer {
  readonly tallies = new Map<string, Tally>();
  readonly modules = new Map<object, Tally>();
  /** The modules that no other one called. */
  readonly roots = new Set<object>();
  readonly events: Event[] = [];
  readonly memory: MemorySample[] = [];
  /** Events that there was no room for. */
  dropped = 0;
  bytes = 0;
  readonly begin: number;
  private readonly ops: Frame[] = [];
  private readonly entered: Frame[] = [];
  private readonly enteredModules: object[] = [];
  /** The modules in which the nodes of the graph were recorded, innermost last. */
  private readonly recordedIn = new WeakMap<object, readonly Tally[]>();
  private chain: readonly Tally[] = [];
  private backwards = 0;

  constructor(
    private readonly maxEvents: number,
    private readonly now: () => number,
    private readonly inUse: () => number,
  ) {
    this.begin = now();
    this.sample(this.begin);
  }

  op<A extends unknown[], R>(name: string, run: (...args: A) => R, ...args: A): R {
    const frame = this.open(this.ops, this.tally("op", name));
    try {
      return run(...args);
    } finally {
      this.close(this.ops, frame);
    }
  }

  backward<A extends unknown[], R>(node: { readonly name: string }, run: (...args: A) => R, ...args: A): R {
    const frame = this.open(this.ops, this.tally("backward", node.name));
    this.backwards++;
    try {
      return run(...args);
    } finally {
      this.backwards--;
      const took = this.close(this.ops, frame);
      // A node inside of another node's gradient is a part of that one.
      if (this.backwards === 0) this.giveToModules(node, took, frame.bytes);
    }
  }

  kernel<A extends unknown[]>(name: string, run: (...args: A) => number, ...args: A): void {
    const tally = this.tally("kernel", name);
    const start = this.now();
    let threads = 0;
    try {
      threads = run(...args);
    } finally {
      const took = this.now() - start;
      tally.calls++;
      tally.total += took;
      tally.self += took;
      tally.threads = Math.max(tally.threads, threads);
      const op = this.ops.at(-1);
      if (op) op.inKernels += took;
      this.keep({ tally, start: start - this.begin, duration: took, bytes: 0, threads });
    }
  }

  /** A call of a module's `forward`. One that calls itself, or its base class's `forward`, counts once. */
  module<R>(module: object, typeName: string, run: () => R): R {
    if (this.enteredModules.at(-1) === module) return run();
    if (this.entered.length === 0) this.roots.add(module);
    let tally = this.modules.get(module);
    if (!tally) this.modules.set(module, (tally = new Tally("module", typeName)));
    const outer = this.chain;
    if (!outer.includes(tally)) this.chain = [...outer, tally];
    this.enteredModules.push(module);
    const frame = this.open(this.entered, tally);
    try {
      return run();
    } finally {
      this.close(this.entered, frame);
      this.enteredModules.pop();
      this.chain = outer;
    }
  }

  recorded(node: object): void {
    if (this.chain.length > 0) this.recordedIn.set(node, this.chain);
  }

  allocated(bytes: number): void {
    this.bytes += bytes;
    const op = this.ops.at(-1);
    if (op) op.bytes += bytes;
    const module = this.entered.at(-1);
    if (module) module.bytes += bytes;
  }

  private tally(kind: Kind, name: string): Tally {
    const key = `${kind} ${name}`;
    let tally = this.tallies.get(key);
    if (!tally) this.tallies.set(key, (tally = new Tally(kind, name)));
    return tally;
  }

  private open(stack: Frame[], tally: Tally): Frame {
    tally.calls++;
    tally.active++;
    const start = this.now();
    const event = this.keep({ tally, start: start - this.begin, duration: 0, bytes: 0, threads: 0 });
    const frame = { tally, start, event, inner: 0, inKernels: 0, bytes: 0, innerBytes: 0 };
    stack.push(frame);
    return frame;
  }

  /** Gives the time that it took. */
  private close(stack: Frame[], frame: Frame): number {
    const end = this.now();
    const took = end - frame.start;
    stack.pop();
    const { tally, event, bytes } = frame;
    tally.self += took - frame.inner;
    tally.inKernels += frame.inKernels;
    tally.selfBytes += bytes - frame.innerBytes;
    if (--tally.active === 0) {
      tally.total += took;
      tally.bytes += bytes;
    }
    const outer = stack.at(-1);
    if (outer) {
      outer.inner += took;
      outer.bytes += bytes;
      outer.innerBytes += bytes;
    }
    if (event) {
      event.duration = took;
      event.bytes = bytes;
    }
    this.sample(end);
    return took;
  }

  private giveToModules(node: object, took: number, bytes: number): void {
    const modules = this.recordedIn.get(node);
    if (!modules) return;
    for (const tally of modules) {
      tally.total += took;
      tally.backward += took;
      tally.bytes += bytes;
    }
    const last = modules.at(-1)!;
    last.self += took;
    last.selfBytes += bytes;
  }

  private keep(event: Event): Event | null {
    if (this.events.length >= this.maxEvents) {
      this.dropped++;
      return null;
    }
    this.events.push(event);
    return event;
  }

  private sample(time: number): void {
    const inUse = this.inUse();
    if (this.events.length >= this.maxEvents || this.memory.at(-1)?.inUse === inUse) return;
    this.memory.push({ time: time - this.begin, inUse });
  }
}

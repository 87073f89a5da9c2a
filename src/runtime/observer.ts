/*
 * Where a profiler looks in. While nobody measures, `observer` is null, and all that it costs is that look: functions
 * come with their arguments beside them, since a closure would cost something even if it were never made.
 */

/** Told what runs, while somebody measures. An error in what it runs is passed on. */
export interface Observer {
  /** Runs `run(...args)`, an op, or another part of the library that is worth a name. */
  op<A extends unknown[], R>(name: string, run: (...args: A) => R, ...args: A): R;
  /** Runs the gradient of a node of the graph. */
  backward<A extends unknown[], R>(node: { readonly name: string }, run: (...args: A) => R, ...args: A): R;
  /** Runs a kernel; `run` says on how many threads it was. */
  kernel<A extends unknown[]>(name: string, run: (...args: A) => number, ...args: A): void;
  /** A node of the graph was made. */
  recorded(node: object): void;
  /** So many bytes of tensor memory were. */
  allocated(bytes: number): void;
}

/** Null while nobody measures. */
export let observer: Observer | null = null;

/** Runs what is no op of the table under a name of its own. */
export function observed<A extends unknown[], R>(name: string, run: (...args: A) => R, ...args: A): R {
  return observer === null ? run(...args) : observer.op(name, run, ...args);
}

export function setObserver(next: Observer | null): void {
  observer = next;
}

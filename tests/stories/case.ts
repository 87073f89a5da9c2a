/** One test as plain data and a function, for any runner: vitest, a browser's page, a worker. */
export interface Case {
  readonly name: string;
  run(): void | Promise<void>;
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

export function throws(fn: () => unknown, pattern: RegExp): void {
  try {
    fn();
  } catch (error) {
    assert(pattern.test(String(error)), `expected an error like ${pattern}, got: ${String(error)}`);
    return;
  }
  throw new Error(`expected an error like ${pattern}, but nothing was thrown`);
}

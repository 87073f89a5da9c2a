/*
 * A browser does not tell a page that a worker has ended, be it by close() or for want of memory. But it gives back the locks
 * that the worker held.
 */

const locks = (): LockManager | undefined => (globalThis.navigator as Navigator | undefined)?.locks;

/** Takes a lock for as long as this thread lives, and says its name; null where there are no locks: on a page without TLS, in a sandbox. */
export function holdLock(): Promise<string | null> {
  const name = `lanegrad ${Math.random()}`;
  return new Promise((resolve) => {
    const hold = (): Promise<never> => {
      resolve(name);
      return new Promise(() => undefined);
    };
    const held = locks()?.request(name, hold) ?? Promise.reject(new Error("no locks"));
    held.catch(() => resolve(null));
  });
}

/** Calls `then` when the thread that holds the lock has ended. */
export function whenGone(name: string, then: () => void): void {
  locks()
    ?.request(name, then)
    .catch(() => undefined);
}

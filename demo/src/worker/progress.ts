const TELL_EVERY_MS = 100;

/** Yields how much is done, from 0 to 1, until the work is done, and returns what it gives. */
export async function* withProgress<T>(work: (progress: (share: number) => void) => Promise<T>): AsyncGenerator<number, T> {
  let share = 0;
  let ended = false;
  const result = work((now) => (share = now)).finally(() => (ended = true));
  while (!ended) {
    yield share;
    await Promise.race([result, new Promise((resolve) => setTimeout(resolve, TELL_EVERY_MS))]);
  }
  return result;
}

import { collecting } from "../../src/core/storage.js";

/** Runs a test, or a part of one, and frees all that it made but what is pinned. */
export function freeing<R>(run: () => R): R {
  return collecting(run, (storage) => void (!storage.pinned && storage.free("the test is over")));
}

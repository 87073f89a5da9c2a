// The lanegrad side of a row.
import { type Tensor, noGrad } from "lanegrad";
import type { Side } from "./row.js";

/** Times `fn`. Each result is given back before the next, so that memory plays no part. */
export function disposing(fn: () => Tensor): Side {
  let last: Tensor | undefined;
  return {
    run() {
      last?.dispose();
      last = fn();
    },
    result: () => last!.toTypedArray(),
  };
}

/** The same without a graph. */
export const forward = (fn: () => Tensor): Side => disposing(() => noGrad(fn));

/** Times `fn` as it stands in a user's loop: its results are left to the library. */
export function leaving(fn: () => Tensor): Side {
  let last: Tensor | undefined;
  return {
    run() {
      last = fn();
    },
    result: () => last!.toTypedArray(),
  };
}

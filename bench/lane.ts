// The lanegrad side of a row.
import { type Tensor, noGrad } from "lanegrad";
import type { Side } from "./row.js";

/** Times `fn` without a graph; each result is given back before the next, so that memory plays no part. */
export function forward(fn: () => Tensor): Side {
  let last: Tensor | undefined;
  return {
    run() {
      last?.dispose();
      last = noGrad(fn);
    },
    result: () => last!.toTypedArray(),
  };
}

/** The same for one gradient of a graph that stays. */
export function gradient(fn: () => Tensor): Side {
  let last: Tensor | undefined;
  return {
    run() {
      last?.dispose();
      last = fn();
    },
    result: () => last!.toTypedArray(),
  };
}

import { Tensor } from "../core/tensor.js";
import * as ops from "./tensor-ops.js";

/*
 * Every function of tensor-ops.ts whose first parameter is a tensor is a method of Tensor, by type and at run time.
 */

type Method<F> = F extends (x: infer _X, ...rest: infer R) => infer O ? (...rest: R) => O : never;
type Methods<T> = { [K in keyof T]: Method<T[K]> };

declare module "../core/tensor.js" {
  interface Tensor extends Methods<typeof ops> {}
}

for (const [name, fn] of Object.entries(ops)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]): unknown {
      return (fn as (...params: unknown[]) => unknown)(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}

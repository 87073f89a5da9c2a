import { call } from "../core/call.js";
import { show } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import * as ops from "./tensor-ops.js";

/*
 * Every function of tensor-ops.ts whose first parameter is a tensor is a method of Tensor, by type and at run time.
 */

// A conditional type sees one signature unless it asks for more, so functions with overloads are asked for three, then two.
type Method<F> = F extends {
  (x: infer _A, ...rest: infer R1): infer O1;
  (x: infer _B, ...rest: infer R2): infer O2;
  (x: infer _C, ...rest: infer R3): infer O3;
}
  ? { (...rest: R1): O1; (...rest: R2): O2; (...rest: R3): O3 }
  : F extends { (x: infer _A, ...rest: infer R1): infer O1; (x: infer _B, ...rest: infer R2): infer O2 }
    ? { (...rest: R1): O1; (...rest: R2): O2 }
    : F extends (x: infer _A, ...rest: infer R) => infer O
      ? (...rest: R) => O
      : never;
type Methods<T> = { [K in keyof T]: Method<T[K]> };

declare module "../core/tensor.js" {
  interface Tensor extends Methods<typeof ops> {}
}

/** Gives `Tensor` its methods. */
export function installMethods(): void {
  for (const [name, fn] of Object.entries(ops)) {
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...rest: unknown[]): unknown {
        return call(fn as (...params: unknown[]) => unknown, [this, ...rest]);
      },
      writable: true,
      configurable: true,
    });
  }

  // What console.log shows in Node: the values, also of a tensor deep in an object; never an error.
  Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: Tensor): string {
      return this.storage.isGone ? `tensor(<freed>, size=${show(this.shape)})` : this.toString();
    },
    writable: true,
    configurable: true,
  });
}

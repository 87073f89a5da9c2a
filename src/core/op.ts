import { observer } from "../runtime/observer.js";
import { call } from "./call.js";
import { dispatch } from "./dispatch.js";
import { explained } from "./explain.js";
import { register } from "./op-table.js";
import { temporary } from "./scope.js";
import type { Op, OpSpec, OpTests } from "./spec.js";
import type { Tensor } from "./tensor.js";

export { discard, execute } from "./dispatch.js";
export { type Rebase, checkInPlace, inPlace, setCopyInto, setRebase } from "./in-place.js";
export { opTable } from "./op-table.js";
export { edgeOf } from "./record.js";
export { scope, storagesOf, temporary } from "./scope.js";

/** Declares a primitive or fused op and returns it as a function. */
export function op<P extends unknown[], A, R>(decl: Omit<OpSpec<P, A, R>, "kind"> & OpTests): Op<(...params: P) => R> {
  const spec = { ...decl, kind: decl.define ? "fused" : "primitive" } as OpSpec<P, A, R>;
  const { prepare } = spec;
  const run = (...params: P): R => {
    try {
      if (!prepare) return dispatch(spec, params as unknown as Tensor[], undefined as A);
      const { inputs, args } = call(prepare, params);
      return dispatch(spec, inputs, args);
    } catch (error) {
      throw explained(spec as unknown as OpSpec, params, error);
    }
  };
  return register(spec.name, Object.assign(run, { spec: spec as unknown as OpSpec }));
}

/** Declares an op written in other ops. Its gradient is theirs; what it makes on the way is freed at once. */
export function composite<P extends unknown[], R>(
  meta: Omit<OpSpec, "kind" | "run" | "prepare"> & OpTests,
  fn: (...params: P) => R,
): Op<(...params: P) => R> {
  const run = (...params: P): R => {
    try {
      const body = (): R => call(fn, params);
      return observer === null ? temporary(body) : observer.op(meta.name, temporary<R>, body);
    } catch (error) {
      throw explained(spec, params, error);
    }
  };
  const spec = { ...meta, kind: "composite", run: () => undefined } as OpSpec;
  return register(spec.name, Object.assign(run, { spec }));
}

import { ArgumentError } from "../runtime/errors.js";
import { observer } from "../runtime/observer.js";
import { call } from "./call.js";
import { dispatch } from "./dispatch.js";
import { temporary } from "./scope.js";
import type { DeclaredSpec, Op, OpSpec, OpTests } from "./spec.js";
import { Tensor } from "./tensor.js";

export { discard, execute } from "./dispatch.js";
export { type Rebase, checkInPlace, inPlace, setCopyInto, setRebase } from "./in-place.js";
export { edgeOf } from "./record.js";
export { scope, storagesOf, temporary } from "./scope.js";

type DeclaredOp = ((...params: never[]) => unknown) & { readonly spec: DeclaredSpec };

/** Every declared op, by name. The generic tests, the goldens and the docs read it. */
export const opTable = new Map<string, DeclaredOp>();

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

/** What a program without type checks passes in the place of a tensor comes to light as some TypeError. */
function explained({ name, tensors = [0], listInput }: OpSpec, params: readonly unknown[], error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const [given, places] = listInput && Array.isArray(params[0]) ? [params[0] as unknown[], params[0].keys()] : [params, tensors];
  for (const at of places) {
    const value = given[at];
    if (value instanceof Tensor || (at > 0 && value == null)) continue;
    const got =
      value === undefined
        ? "nothing"
        : typeof value === "number"
          ? `the number ${value}`
          : Array.isArray(value)
            ? "an array"
            : typeof value;
    return new ArgumentError(`${name}(): expected a tensor as argument ${at}, got ${got}; make one with tensor(…)`, { cause: error });
  }
  return error;
}

function register<F extends (...params: never[]) => unknown>(name: string, fn: Op<F>): Op<F> {
  if (opTable.has(name)) throw new Error(`op ${name} is declared twice`);
  opTable.set(name, fn as unknown as DeclaredOp);
  return fn;
}

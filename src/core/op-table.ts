import type { DeclaredSpec, Op } from "./spec.js";

type DeclaredOp = ((...params: never[]) => unknown) & { readonly spec: DeclaredSpec };

/** Every declared op, by name. The generic tests, the goldens and the docs read it; messages ask it what is an op's name. */
export const opTable = new Map<string, DeclaredOp>();

export function register<F extends (...params: never[]) => unknown>(name: string, fn: Op<F>): Op<F> {
  if (opTable.has(name)) throw new Error(`op ${name} is declared twice`);
  opTable.set(name, fn as unknown as DeclaredOp);
  return fn;
}

import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { cast, materialize } from "../core/copy.js";
import { type PlainTensor, isPlainTensor } from "../core/plain.js";
import { sameShape, show } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { clone } from "../ops/view.js";
import { tensor } from "../ops/creation.js";
import { item } from "../ops/access.js";
import type { BaseOptions, ParamGroup, ParamState } from "./params.js";

/** PyTorch's shape of an optimiser's state: parameters are numbers, in the order of the groups. */
export interface OptimizerStateDict {
  state: Record<number, Record<string, Tensor | number>>;
  /** Options in snake_case (`weight_decay`), and the numbers of the parameters. */
  param_groups: ({ params: number[] } & Record<string, unknown>)[];
}

/** The same where tensors may be plain data, as another thread sends them. */
export interface SavedOptimizerState {
  readonly state: Readonly<Record<number, Readonly<Record<string, Tensor | PlainTensor | number>>>>;
  readonly param_groups: OptimizerStateDict["param_groups"];
}

export const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
export const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

export function serialize(groups: readonly ParamGroup[], states: ReadonlyMap<Tensor, ParamState>): OptimizerStateDict {
  const all = groups.flatMap((group) => group.params);
  const state: OptimizerStateDict["state"] = {};
  all.forEach((p, i) => {
    const entries = Object.entries(states.get(p) ?? {}).filter((entry): entry is [string, Tensor | number] => entry[1] !== undefined);
    if (entries.length === 0) return;
    // PyTorch keeps the step as a 0-dim tensor.
    state[i] = Object.fromEntries(
      entries.map(([name, value]) => [name, typeof value === "number" ? tensor(value, { dtype: "float32" }) : value]),
    );
  });
  let next = 0;
  const param_groups = groups.map(({ params, ...options }) => ({
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [snake(name), value])),
    params: params.map(() => next++),
  }));
  return { state, param_groups };
}

/** The contents of a state dict for these groups, copied. Changes nothing. */
export function restore(
  name: string,
  dict: SavedOptimizerState,
  groups: readonly ParamGroup[],
): { options: Partial<BaseOptions>[]; states: Map<Tensor, ParamState> } {
  const where = `${name}.loadStateDict()`;
  if (!dict?.state || !Array.isArray(dict.param_groups))
    throw new ArgumentError(`${where}: expected { state, param_groups }, as stateDict() gives it`);
  const sizes = (list: readonly { params: readonly unknown[] }[]): string => show(list.map((group) => group.params.length));
  if (sizes(dict.param_groups) !== sizes(groups)) {
    throw new ArgumentError(
      `${where}: the state has parameter groups of ${sizes(dict.param_groups)} parameters, the optimizer of ${sizes(groups)}`,
    );
  }
  const owners = new Map<number, Tensor>();
  dict.param_groups.forEach((group, i) => group.params.forEach((id, j) => owners.set(id, groups[i]!.params[j]!)));
  const loaded = Object.entries(dict.state).map(([id, saved]) => ({ id, saved, p: owners.get(Number(id)) }));
  for (const { id, saved, p } of loaded) {
    if (!p) throw new ArgumentError(`${where}: there is state for parameter ${id}, which is in no group`);
    for (const [key, value] of Object.entries(saved)) {
      if (key === "step" || !(value instanceof Tensor || isPlainTensor(value))) continue;
      if (value instanceof Tensor) value.storage.check();
      if (!sameShape(value.shape, p.shape))
        throw new ShapeError(`${where}: ${key} of parameter ${id} has shape ${show(value.shape)}, the parameter ${show(p.shape)}`);
    }
  }
  const states = new Map(loaded.map(({ saved, p }) => [p!, stateOf(saved, p!)]));
  const options = dict.param_groups.map(({ params: _, ...rest }) =>
    Object.fromEntries(Object.entries(rest).map(([key, value]) => [camel(key), value])),
  );
  return { options: options, states };
}

function stateOf(saved: Readonly<Record<string, Tensor | PlainTensor | number>>, p: Tensor): ParamState {
  const entries = Object.entries(saved).map(([key, value]): [string, Tensor | number] => {
    if (isPlainTensor(value)) return [key, key === "step" ? value.data[0]! : tensor(value, { dtype: p.dtype })];
    if (!(value instanceof Tensor)) return [key, value];
    if (key === "step") return [key, item(value)];
    return [key, value.dtype === p.dtype ? clone(materialize(value)) : cast(value, p.dtype, "loadStateDict")];
  });
  return Object.fromEntries(entries);
}

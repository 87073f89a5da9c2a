import { ArgumentError, AutogradError, DTypeError, ShapeError } from "../runtime/errors.js";
import { observed } from "../runtime/observer.js";
import { copyStrided, materialize } from "../core/copy.js";
import { type KernelType, dtypeInfo, isFloat } from "../core/dtype.js";
import { enableGrad } from "../core/grad-mode.js";
import { python } from "../core/python.js";
import { sameShape, show } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { zeroGradients } from "../core/zero-grad.js";
import { zeros } from "../ops/creation.js";
import type { BaseOptions, ParamGroup, ParamState, Params } from "./params.js";
import { type OptimizerStateDict, type SavedOptimizerState, restore, serialize, snake } from "./state.js";

/**
 * The base of all optimisers.
 *
 * ```ts
 * optimizer.zeroGrad();
 * lossFn.forward(model.forward(x), y).backward();
 * optimizer.step();
 * ```
 */
export abstract class Optimizer<O extends BaseOptions = BaseOptions> {
  readonly paramGroups: ParamGroup<O>[] = [];
  readonly state = new Map<Tensor, ParamState>();

  /**
   * @throws ArgumentError for options out of range, no parameters, or one that is given twice
   * @throws AutogradError for a parameter that is not a leaf
   */
  constructor(
    params: Params<O>,
    readonly defaults: Readonly<Required<O>>,
  ) {
    const name = this.constructor.name;
    if (params instanceof Tensor || typeof (params as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] !== "function") {
      throw new ArgumentError(
        `${name}(): the first argument must be a list of tensors or of groups { params: […] }: pass model.parameters()`,
      );
    }
    const list = [...params] as (Tensor | (Partial<O> & { params: Tensor | Iterable<Tensor> }))[];
    if (list.length === 0)
      throw new ArgumentError(
        `${name}(): there are no parameters to optimise; a model's Parameters and Modules must be fields (or in a ModuleList)`,
      );
    this.checkOptions(defaults);
    if (list[0] instanceof Tensor) this.addParamGroup({ params: list as Tensor[] } as Partial<O> & { params: Tensor[] });
    else for (const group of list) this.addParamGroup(group as Partial<O> & { params: Tensor[] });
  }

  /** @throws ArgumentError for values out of range */
  protected abstract checkOptions(options: Required<O>): void;

  /** Changes `p` by its gradient `g`, which is contiguous and of p's dtype and shape. */
  protected abstract update(p: Tensor, g: Tensor, state: ParamState, group: Required<O>, type: FloatKernel): void;

  /**
   * Adds parameters, with options of their own where given: layers that are unfrozen later, for example.
   * @throws ArgumentError and AutogradError as the constructor does
   */
  addParamGroup(group: Partial<O> & { params: Tensor | Iterable<Tensor> }): void {
    const name = this.constructor.name;
    const params = group?.params instanceof Tensor ? [group.params] : iterable(group?.params) ? [...group.params] : null;
    if (!params) throw new ArgumentError(`${name}(): expected parameters, or groups { params, ... } of them, got ${typeof group}`);
    const seen = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const p of params) {
      if (!(p instanceof Tensor)) throw new ArgumentError(`${name}(): parameters must be tensors, got ${p === null ? "null" : typeof p}`);
      if (!p.isLeaf)
        throw new AutogradError(
          `${name}(): a tensor of shape ${show(p.shape)} was made by an op, and only leaves can be optimised; make it a Parameter, or detach() it`,
        );
      if (seen.has(p))
        throw new ArgumentError(`${name}(): a parameter of shape ${show(p.shape)} appears twice; each belongs in one group, once`);
      seen.add(p);
    }
    const given = Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined));
    const full = { ...this.defaults, ...given, params } as unknown as ParamGroup<O>;
    this.checkOptions(full as unknown as Required<O>);
    this.paramGroups.push(full);
  }

  /** Drops the gradients of all parameters, or sets them to 0 with `setToNone: false`. */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    zeroGradients(this.params(), options.setToNone ?? true);
  }

  /**
   * One step: every parameter that has a gradient moves. Returns what `closure`, which computes the loss anew, gave.
   *
   * @throws DTypeError, ShapeError when a gradient does not have its parameter's dtype and shape; nothing has moved then
   */
  step(): undefined;
  step<R>(closure: () => R): R;
  step<R>(closure?: () => R): R | undefined {
    const loss = closure && enableGrad(closure);
    observed(`${this.constructor.name}.step()`, () => this.moveAll());
    return loss;
  }

  private moveAll(): void {
    for (const p of this.params()) if (p.ownGrad) checkGradient(this.constructor.name, p, p.ownGrad);
    for (const group of this.paramGroups) {
      for (const p of group.params) if (p.ownGrad) this.move(p, p.ownGrad, group as unknown as Required<O>);
    }
  }

  private move(p: Tensor, grad: Tensor, group: Required<O>): void {
    if (p.numel === 0) return;
    let state = this.state.get(p);
    if (!state) this.state.set(p, (state = {}));
    // Kernels walk straight through memory. Parameters and gradients that do not lie so are rare: a copy serves.
    const g = materialize(grad);
    const target = materialize(p);
    this.update(target, g, state, group, dtypeInfo(p.dtype).kernel as FloatKernel);
    if (target !== p) {
      copyStrided(p, target);
      target.dispose();
    }
    if (g !== grad) g.dispose();
    p.storage.version++;
  }

  private params(): Tensor[] {
    return this.paramGroups.flatMap((group) => group.params);
  }

  /** The state under PyTorch's names, parameters by their number. It shares memory with the optimiser. */
  stateDict(): OptimizerStateDict {
    return serialize(this.paramGroups, this.state);
  }

  /**
   * Goes on from a state, of an optimiser over parameters in the same order: its options and memories are copied.
   * Tensors may be plain data, as another thread sends them.
   *
   * @throws ArgumentError or ShapeError when groups or shapes differ; nothing is changed then
   */
  loadStateDict(dict: SavedOptimizerState): void {
    const { options, states } = restore(this.constructor.name, dict, this.paramGroups);
    options.forEach((loaded) => this.checkOptions({ ...this.defaults, ...loaded }));
    this.paramGroups.forEach((group, i) => Object.assign(group, options[i]));
    this.state.clear();
    for (const [p, state] of states) this.state.set(p, state);
  }

  /** The groups with their options, as PyTorch prints them. */
  toString(): string {
    const groups = this.paramGroups.map((group, i) => {
      const options = Object.entries(group).filter(([key]) => key !== "params");
      return [
        `Parameter Group ${i}`,
        ...options.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `    ${snake(key)}: ${python(value)}`),
      ];
    });
    return `${this.constructor.name} (\n${groups.flat().join("\n")}\n)`;
  }
}

/** Optimisers have a kernel for each float type. */
export type FloatKernel = Extract<KernelType, "f32" | "f64">;

/** A memory of a parameter, zero at first. */
export function memory(state: ParamState, name: string, p: Tensor): Tensor {
  const found = state[name];
  if (found instanceof Tensor) return found;
  const fresh = zeros(p.shape, { dtype: p.dtype });
  fresh.storage.outlive();
  return (state[name] = fresh);
}

function iterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function checkGradient(name: string, p: Tensor, grad: Tensor): void {
  if (!sameShape(p.shape, grad.shape))
    throw new ShapeError(`${name}.step(): a parameter of shape ${show(p.shape)} has a gradient of shape ${show(grad.shape)}`);
  if (!isFloat(p.dtype))
    throw new DTypeError(`${name}.step(): a ${p.dtype} tensor of shape ${show(p.shape)} cannot be optimised; use float32 or float64`);
  if (p.dtype !== grad.dtype)
    throw new DTypeError(`${name}.step(): a ${p.dtype} parameter of shape ${show(p.shape)} has a ${grad.dtype} gradient`);
  p.storage.check();
  grad.storage.check();
}

/** @throws ArgumentError unless 0 ≤ value (NaN is refused too), in PyTorch's words */
export function checkNotNegative(optimizer: string, what: string, value: number): void {
  if (!(value >= 0)) throw new ArgumentError(`${optimizer}(): invalid ${what}: ${value}; expected a number from 0 on`);
}

/** @throws ArgumentError unless 0 ≤ value < 1 */
export function checkFraction(optimizer: string, what: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new ArgumentError(`${optimizer}(): invalid ${what}: ${value}; expected 0 ≤ value < 1`);
}

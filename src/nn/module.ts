import { ArgumentError, DTypeError } from "../runtime/errors.js";
import { type DType, dtypeInfo, isFloat } from "../core/dtype.js";
import type { PlainTensor } from "../core/plain.js";
import { Tensor } from "../core/tensor.js";
import { zeroGradients } from "../core/zero-grad.js";
import { detach, to } from "../ops/convert.js";
import { registerClass } from "./classes.js";
import { type Copied, copyValue } from "./deep-copy.js";
import { type ForwardHook, type ForwardPreHook, type HookRemover, Hooks } from "./hooks.js";
import { Parameter, setData } from "./parameter.js";
import { describe } from "./repr.js";
import { type LoadResult, type StateDict, collectState, join, loadState } from "./state-dict.js";

/**
 * The base of all layers and models. A subclass assigns Parameters and other Modules to its fields, in any order,
 * and computes in `forward`; the fields' names are the keys of `stateDict()`.
 *
 * ```ts
 * class Net extends nn.Module {
 *   fc1 = new nn.Linear(784, 128);
 *   fc2 = new nn.Linear(128, 10);
 *   forward(x: Tensor): Tensor {
 *     return this.fc2.forward(F.relu(this.fc1.forward(x)));
 *   }
 * }
 * ```
 *
 * Modules in a plain array are not found, as in PyTorch: put them into a `ModuleList`. Nor are `#private` fields.
 */
export abstract class Module {
  /** What `train()` and `eval()` set: Dropout and BatchNorm look at it. */
  training = true;
  /** Names of buffers, and whether they go into the state dict. */
  readonly #buffers = new Map<string, boolean>();
  #hooks: Hooks | null = null;

  constructor() {
    registerClass(new.target.prototype);
  }

  /** Computes. Calling it is PyTorch's `module(x)`: hooks run. */
  abstract forward(...inputs: never[]): unknown;

  /** The fields by name, in order. Containers with names of their own override it. */
  protected namedFields(): Iterable<readonly [string, unknown]> {
    return Object.entries(this) as [string, unknown][];
  }

  /** The children as they are printed. Containers override it. */
  reprChildren(): [string, string][] {
    return this.namedChildren().map(([name, child]) => [name, child.toString()]);
  }

  /** What stands between the brackets when the module is printed. */
  extraRepr(): string {
    return "";
  }

  /**
   * A tensor that is part of the state but is not learned: a running mean. Read it as a field.
   * @param options `persistent`: whether it goes into `stateDict()`, default true
   * @throws ArgumentError when the name is taken, empty or has a dot in it
   */
  registerBuffer(name: string, tensor: Tensor | null, options: { persistent?: boolean } = {}): void {
    if (tensor !== null && !(tensor instanceof Tensor))
      throw new ArgumentError(`registerBuffer(): ${name} must be a tensor or null, got ${typeof tensor}`);
    tensor?.storage.outlive();
    this.#define("registerBuffer", name, tensor);
    this.#buffers.set(name, options.persistent ?? true);
  }

  /** The same as assigning a field, for names that are computed. @throws ArgumentError when the name is taken, empty or has a dot in it */
  registerParameter(name: string, parameter: Parameter | null): void {
    if (parameter !== null && !(parameter instanceof Parameter))
      throw new ArgumentError(`registerParameter(): ${name} must be a Parameter or null; wrap a tensor with new nn.Parameter(…)`);
    this.#define("registerParameter", name, parameter);
  }

  /** The same as assigning a field, for names that are computed. @throws ArgumentError when the name is taken, empty or has a dot in it */
  addModule(name: string, module: Module | null): void {
    if (module !== null && !(module instanceof Module))
      throw new ArgumentError(`addModule(): ${name} must be a Module or null, got ${typeof module}`);
    this.#define("addModule", name, module);
  }

  #define(caller: string, name: string, value: unknown): void {
    if (name === "" || name.includes("."))
      throw new ArgumentError(`${caller}(): ${JSON.stringify(name)} cannot be a key: it must not be empty or hold a dot`);
    // A declared field without a value is there already, as undefined.
    if (name in this && (this as Record<string, unknown>)[name] !== undefined)
      throw new ArgumentError(`${caller}(): ${this.constructor.name} already has a field ${JSON.stringify(name)}`);
    (this as Record<string, unknown>)[name] = value;
  }

  /** The modules in this one's fields, each once unless `removeDuplicate: false`. */
  namedChildren(options: { removeDuplicate?: boolean } = {}): [string, Module][] {
    const seen = new Set<Module>();
    return [...this.namedFields()].filter((field): field is [string, Module] => {
      if (!(field[1] instanceof Module) || (options.removeDuplicate !== false && seen.has(field[1]))) return false;
      seen.add(field[1]);
      return true;
    });
  }

  /** The modules in this one's fields. */
  children(): Module[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** All modules below, this one included (under the name ""), each once, parents first. */
  namedModules(prefix = "", seen = new Set<Module>()): [string, Module][] {
    if (seen.has(this)) return [];
    seen.add(this);
    const below = this.namedChildren().flatMap(([name, child]) => child.namedModules(join(prefix, name), seen));
    return [[prefix, this], ...below];
  }

  /** All modules below, this one first. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /**
   * All parameters below with the keys of the state dict, each once: of two tied ones the first name.
   * @param options `recurse`: false for those of this module alone
   */
  namedParameters(options: { recurse?: boolean } = {}): [string, Parameter][] {
    return this.#gather(options, (module) =>
      [...module.namedFields()].filter(
        (field): field is [string, Parameter] => field[1] instanceof Parameter && !module.#buffers.has(field[0]),
      ),
    );
  }

  /** All parameters below, each once: what an optimiser takes. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** All buffers below with the keys of the state dict, each once. `persistent`: only those that go into it. */
  namedBuffers(options: { recurse?: boolean; persistent?: boolean } = {}): [string, Tensor][] {
    return this.#gather(options, (module) =>
      [...module.#buffers]
        .filter(([, persistent]) => persistent || !options.persistent)
        .map(([name]) => [name, (module as unknown as Record<string, unknown>)[name]])
        .filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor),
    );
  }

  /** All buffers below, each once. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, tensor]) => tensor);
  }

  #gather<T extends Tensor>(options: { recurse?: boolean }, own: (module: Module) => [string, T][]): [string, T][] {
    if (options.recurse === false) return own(this);
    const found = new Map<T, string>();
    for (const [prefix, module] of this.namedModules()) {
      for (const [name, tensor] of own(module)) if (!found.has(tensor)) found.set(tensor, join(prefix, name));
    }
    return [...found].map(([tensor, name]) => [name, tensor]);
  }

  /** Training mode, here and below: Dropout drops, BatchNorm uses and collects statistics of the batch. */
  train(on = true): this {
    if (typeof on !== "boolean") throw new ArgumentError(`train(): expected true or false, got ${typeof on}`);
    this.training = on;
    for (const child of this.children()) child.train(on);
    return this;
  }

  /** Evaluation mode, here and below. Gradients are another matter: see noGrad(). */
  eval(): this {
    return this.train(false);
  }

  /** Whether parameters below want gradients: false freezes them. */
  requiresGrad_(on = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = on;
    return this;
  }

  /** Drops all gradients, or sets them to 0 with `setToNone: false`. */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    zeroGradients(this.parameters(), options.setToNone ?? true);
  }

  /** Calls `fn` with every module below, children before parents, this one last. For initialisation. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  /**
   * Converts all floating point parameters and buffers, in place: optimisers keep hold of them.
   * @throws DTypeError unless float32 or float64
   */
  to(dtype: DType): this {
    if (!dtypeInfo(dtype).float) throw new DTypeError(`Module.to(): expected float32 or float64, got ${dtype}`);
    for (const parameter of this.parameters()) {
      if (!isFloat(parameter.dtype)) continue;
      setData(parameter, to(detach(parameter), dtype));
      if (parameter.ownGrad) parameter.grad = to(detach(parameter.ownGrad), dtype);
    }
    for (const module of this.modules()) {
      for (const [name, tensor] of module.namedBuffers({ recurse: false })) {
        if (isFloat(tensor.dtype)) (module as unknown as Record<string, unknown>)[name] = to(tensor, dtype);
      }
    }
    return this;
  }

  /**
   * A copy with its own parameters and buffers, as `copy.deepcopy(module)`, without gradients and hooks. Nothing is
   * drawn. A class with `#private` fields or methods overrides it, as its constructor does not run.
   */
  deepCopy(copied: Copied = new Map()): this {
    const copy = Reflect.construct(Module, [], this.constructor) as this;
    copied.set(this, copy);
    for (const [name, value] of Object.entries(this)) (copy as Record<string, unknown>)[name] = copyValue<unknown>(value, copied);
    this.#buffers.forEach((persistent, name) => copy.#buffers.set(name, persistent));
    copy.buffers().forEach((tensor) => tensor.storage.outlive());
    return copy;
  }

  /**
   * Parameters and persistent buffers by name, in PyTorch's order and under its keys. They share the model's memory:
   * `clone()` what must not change with it.
   */
  stateDict(): StateDict {
    return collectState(this);
  }

  /**
   * Copies values into parameters and buffers, whose dtype stays. Tensors may be plain data, as another thread sends them.
   *
   * @param options `strict`: whether missing and unexpected keys are errors, default true
   * @throws ShapeError or ArgumentError that lists every key that does not fit; nothing is changed then
   */
  loadStateDict(dict: Readonly<Record<string, Tensor | PlainTensor>>, options: { strict?: boolean } = {}): LoadResult {
    return loadState(this, dict, options.strict ?? true);
  }

  /**
   * Calls `hook` after each `forward`; what it returns, if anything, takes the output's place.
   * Returns a function that removes it.
   */
  registerForwardHook<Output = Tensor>(hook: ForwardHook<this, Output>): HookRemover {
    return this.#hooksOf().addAfter(hook as unknown as ForwardHook<Module, unknown>);
  }

  /**
   * Calls `hook` before each `forward`; an array that it returns takes the place of the inputs, any other value of
   * the only one. Returns a function that removes it.
   */
  registerForwardPreHook(hook: ForwardPreHook<this>): HookRemover {
    return this.#hooksOf().addBefore(hook as unknown as ForwardPreHook<Module>);
  }

  #hooksOf(): Hooks {
    return (this.#hooks ??= new Hooks(this));
  }

  /** The tree of modules, as PyTorch prints it. */
  toString(): string {
    return describe(this);
  }

  /** console.log in Node prints the tree too. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

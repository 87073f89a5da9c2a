import { ArgumentError, IndexError } from "../runtime/errors.js";
import type { Tensor } from "../core/tensor.js";
import { type Copied, copyValue } from "./deep-copy.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";

/** Containers are not called: their owner calls what is in them. */
abstract class Container extends Module {
  forward(): never {
    throw new ArgumentError(`${this.constructor.name}.forward(): a ${this.constructor.name} only holds modules; call the ones in it`);
  }
}

/** Modules in a list: `list[0]`, `for (const layer of list)`. Keys are "0", "1", … */
export class ModuleList<M extends Module = Module> extends Container implements Iterable<M> {
  readonly [index: number]: M;

  constructor(modules: Iterable<M> = []) {
    super();
    this.extend(modules);
  }

  get length(): number {
    return this.#all().length;
  }

  #all(): M[] {
    return this.namedChildren({ removeDuplicate: false }).map(([, child]) => child as M);
  }

  [Symbol.iterator](): Iterator<M> {
    return this.#all()[Symbol.iterator]();
  }

  /** The module at `index`; negative ones count from the end. @throws IndexError when there is none */
  at(index: number): M {
    const found = this.#all().at(index);
    if (!found) throw new IndexError(`ModuleList.at(): index ${index} is out of range for ${this.length} modules`);
    return found;
  }

  append(module: M): this {
    this.addModule(String(this.length), module);
    return this;
  }

  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module);
    return this;
  }

  /** Runs of modules that print alike are one line, as in PyTorch. */
  override reprChildren(): [string, string][] {
    const lines: { first: number; count: number; text: string }[] = [];
    this.#all().forEach((module, i) => {
      const text = module.toString();
      const last = lines.at(-1);
      if (last?.text === text) last.count++;
      else lines.push({ first: i, count: 1, text });
    });
    return lines.map(({ first, count, text }) =>
      count === 1 ? [String(first), text] : [`${first}-${first + count - 1}`, `${count} x ${text}`],
    );
  }
}

/** Modules by name: `dict.get("conv")`. The names are keys of the state dict. */
export class ModuleDict<M extends Module = Module> extends Container implements Iterable<[string, M]> {
  readonly #modules = new Map<string, M>();

  constructor(modules: Readonly<Record<string, M>> = {}) {
    super();
    for (const [name, module] of Object.entries(modules)) this.set(name, module);
  }

  // A Map: names may be anything, also those of methods, and keep their order also when they are numbers.
  protected override *namedFields(): Iterable<readonly [string, unknown]> {
    yield* this.#modules;
  }

  override deepCopy(copied: Copied = new Map()): this {
    const copy = new ModuleDict<M>() as this;
    copied.set(this, copy);
    for (const [name, module] of this) copy.set(name, copyValue(module, copied));
    copy.training = this.training;
    return copy;
  }

  /** @throws ArgumentError when the name is empty or has a dot in it, or the value is no module */
  set(name: string, module: M): this {
    if (name === "" || name.includes("."))
      throw new ArgumentError(`ModuleDict.set(): ${JSON.stringify(name)} cannot be a key: it must not be empty or hold a dot`);
    if (!(module instanceof Module)) throw new ArgumentError(`ModuleDict.set(): ${name} must be a Module, got ${typeof module}`);
    this.#modules.set(name, module);
    return this;
  }

  /** @throws ArgumentError when there is none of that name */
  get(name: string): M {
    const found = this.#modules.get(name);
    if (!found)
      throw new ArgumentError(
        `ModuleDict.get(): no module ${JSON.stringify(name)}; there are: ${[...this.#modules.keys()].join(", ") || "none"}`,
      );
    return found;
  }

  has(name: string): boolean {
    return this.#modules.has(name);
  }

  get length(): number {
    return this.#modules.size;
  }

  keys(): string[] {
    return [...this.#modules.keys()];
  }

  values(): M[] {
    return [...this.#modules.values()];
  }

  [Symbol.iterator](): Iterator<[string, M]> {
    return this.#modules[Symbol.iterator]();
  }
}

/** Parameters in a list: `list[0]`. Keys are "0", "1", …; plain tensors become Parameters. */
export class ParameterList extends Container implements Iterable<Parameter> {
  readonly [index: number]: Parameter;

  constructor(values: Iterable<Tensor> = []) {
    super();
    for (const value of values) this.append(value);
  }

  get length(): number {
    return this.namedParameters({ recurse: false }).length;
  }

  append(value: Tensor): this {
    this.registerParameter(String(this.length), value instanceof Parameter ? value : new Parameter(value));
    return this;
  }

  [Symbol.iterator](): Iterator<Parameter> {
    const parameters = this.namedParameters({ recurse: false }).map(([, parameter]) => parameter);
    return parameters[Symbol.iterator]();
  }
}

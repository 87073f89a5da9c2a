import { ArgumentError } from "../runtime/errors.js";
import { creationMark } from "../core/storage.js";
import type { Tensor } from "../core/tensor.js";
import { Layer } from "./layer.js";
import { Module } from "./module.js";

/** A module that turns one tensor into one tensor. */
export type UnaryModule = Module & { forward(x: Tensor): Tensor };

/**
 * Modules one after the other. Keys are "0", "1", …, or the names of an object: `new Sequential({ fc: …, act: … })`.
 *
 * An intermediate between two layers of the library is freed as soon as neither the graph nor a hook wants it.
 */
export class Sequential extends Module implements Iterable<UnaryModule> {
  readonly [index: number]: UnaryModule;

  constructor(...modules: readonly UnaryModule[] | readonly [Readonly<Record<string, UnaryModule>>]) {
    super();
    const [first] = modules;
    const named =
      modules.length === 1 && first !== null && typeof first === "object" && !(first instanceof Module)
        ? Object.entries(first)
        : [...(modules as readonly UnaryModule[]).entries()];
    for (const [name, module] of named) this.#add(String(name), module);
  }

  #add(name: string, module: UnaryModule): void {
    if (!(module instanceof Module))
      throw new ArgumentError(
        `Sequential(): ${name} must be a Module, got ${typeof module}; F.relu is a function, the module is new nn.ReLU()`,
      );
    this.addModule(name, module);
  }

  get length(): number {
    return this.#all().length;
  }

  #all(): UnaryModule[] {
    return this.namedChildren({ removeDuplicate: false }).map(([, child]) => child as UnaryModule);
  }

  [Symbol.iterator](): Iterator<UnaryModule> {
    return this.#all()[Symbol.iterator]();
  }

  /** Adds a module at the end, under the next number. */
  append(module: UnaryModule): this {
    this.#add(String(this.length), module);
    return this;
  }

  forward(input: Tensor): Tensor {
    const mark = creationMark();
    let x = input;
    let mayFree = false;
    for (const module of this.#all()) {
      const y = module.forward(x);
      const transient = isTransient(module);
      const { storage } = x;
      // Views (Flatten, Identity) share the storage of what they look at; ids up to the mark existed before.
      if (mayFree && transient && storage.id > mark && storage !== y.storage && !storage.pinned) {
        if (storage.saved === 0) storage.free("it was internal to a Sequential");
        else storage.internal = true; // it goes with the graph
      }
      mayFree = y.storage === storage ? mayFree && transient : transient;
      x = y;
    }
    return x;
  }
}

/** Whether nobody but the graph can still hold the tensors that went in and came out of `module`. */
function isTransient(module: Module): boolean {
  if (module instanceof Sequential) return module.forward === Sequential.prototype.forward && [...module].every(isTransient);
  return module.forward === Layer.prototype.forward;
}

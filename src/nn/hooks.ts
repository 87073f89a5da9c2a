import type { Tensor } from "../core/tensor.js";
import type { Module } from "./module.js";

/** `inputs` is what `forward` was called with, `output` what it gave. */
export type ForwardHook<M extends Module, Output = Tensor> = (module: M, inputs: readonly Tensor[], output: Output) => Output | void;
export type ForwardPreHook<M extends Module> = (module: M, inputs: readonly Tensor[]) => Tensor | readonly Tensor[] | void;
export type HookRemover = () => void;

type Forward = (...inputs: readonly Tensor[]) => unknown;
type AnyHook = ForwardHook<Module, unknown>;

/**
 * The hooks of one module. People call `model.forward(x)`, so while there are hooks the instance has a `forward`
 * of its own that runs them around the class's; without hooks there is none, and nothing to pay for.
 */
export class Hooks {
  private readonly before = new Set<{ hook: ForwardPreHook<Module> }>();
  private readonly after = new Set<{ hook: AnyHook }>();

  constructor(private readonly module: Module) {}

  addBefore(hook: ForwardPreHook<Module>): HookRemover {
    return this.add(this.before, hook);
  }

  addAfter(hook: AnyHook): HookRemover {
    return this.add(this.after, hook);
  }

  private add<H>(list: Set<{ hook: H }>, hook: H): HookRemover {
    if (this.before.size + this.after.size === 0) this.install();
    const entry = { hook }; // an object, so that one function can be registered twice
    list.add(entry);
    return () => {
      if (list.delete(entry) && this.before.size + this.after.size === 0) Reflect.deleteProperty(this.module, "forward");
    };
  }

  private install(): void {
    const { module } = this;
    const own = Object.getOwnPropertyDescriptor(module, "forward");
    // The class's forward is looked up at each call: profile() wraps it for a time.
    const bare: Forward = own
      ? (module.forward.bind(module) as Forward)
      : (...inputs) => (Object.getPrototypeOf(module) as { forward: Forward }).forward.call(module, ...inputs);
    const value: Forward = (...inputs) => {
      let args = inputs;
      for (const { hook } of [...this.before]) {
        const changed = hook(module, args);
        if (changed !== undefined) args = (Array.isArray(changed) ? changed : [changed]) as readonly Tensor[];
      }
      let output = bare(...args);
      for (const { hook } of [...this.after]) {
        const changed = hook(module, args, output);
        if (changed !== undefined) output = changed;
      }
      return output;
    };
    Object.defineProperty(module, "forward", { value, configurable: true, writable: true, enumerable: false });
  }
}

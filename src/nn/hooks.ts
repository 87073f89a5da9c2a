import type { Module } from "./module.js";

/** Arguments and result of a module's forward. */
type Inputs<M extends Module> = Parameters<M["forward"]>;
type Output<M extends Module> = ReturnType<M["forward"]>;

export type ForwardHook<M extends Module> = (module: M, inputs: Inputs<M>, output: Output<M>) => Output<M> | void;
export type ForwardPreHook<M extends Module> = (module: M, inputs: Inputs<M>) => unknown;
export type HookRemover = () => void;

type Forward = (...inputs: unknown[]) => unknown;

/**
 * The hooks of one module. People call `model.forward(x)`, so while there are hooks the instance has a `forward`
 * of its own that runs them around the class's; without hooks there is none, and nothing to pay for.
 */
export class Hooks {
  private readonly before = new Set<{ hook: ForwardPreHook<Module> }>();
  private readonly after = new Set<{ hook: ForwardHook<Module> }>();

  constructor(private readonly module: Module) {}

  add(when: "before", hook: ForwardPreHook<Module>): HookRemover;
  add(when: "after", hook: ForwardHook<Module>): HookRemover;
  add(when: "before" | "after", hook: never): HookRemover {
    if (this.before.size + this.after.size === 0) this.install();
    const list: Set<{ hook: never }> = this[when];
    const entry = { hook }; // an object, so that one function can be registered twice
    list.add(entry);
    return () => {
      if (list.delete(entry) && this.before.size + this.after.size === 0) Reflect.deleteProperty(this.module, "forward");
    };
  }

  private install(): void {
    const { module } = this;
    const bare = module.forward as Forward;
    const value = (...inputs: never[]): unknown => {
      let args: never[] = inputs;
      for (const { hook } of [...this.before]) {
        const changed = hook(module, args);
        if (changed !== undefined) args = (Array.isArray(changed) ? changed : [changed]) as never[];
      }
      let output = bare.apply(module, args);
      for (const { hook } of [...this.after]) {
        const changed = hook(module, args, output);
        if (changed !== undefined) output = changed;
      }
      return output;
    };
    Object.defineProperty(module, "forward", { value, configurable: true, writable: true, enumerable: false });
  }
}

import { watchClasses } from "../nn/classes.js";
import { Module } from "../nn/module.js";
import type { Recorder, Tally } from "./recorder.js";

type Forward = (this: Module, ...inputs: readonly unknown[]) => unknown;

/** Puts a `forward` that tells the recorder before those of all modules' classes. Returns what takes it away again. */
export function watchModules(recorder: Recorder): () => void {
  const wrapped: [owner: object, bare: PropertyDescriptor][] = [];
  const seen = new Set<object>();
  const unwatch = watchClasses((prototype) => {
    // `forward` may be a base class's.
    for (let owner = prototype; owner !== Module.prototype && !seen.has(owner); owner = Object.getPrototypeOf(owner) as object) {
      seen.add(owner);
      const bare = Object.getOwnPropertyDescriptor(owner, "forward");
      if (typeof bare?.value !== "function") continue;
      wrapped.push([owner, bare]);
      Object.defineProperty(owner, "forward", { ...bare, value: watched(recorder, bare.value as Forward) });
    }
  });
  return () => {
    unwatch();
    for (const [owner, bare] of wrapped) Object.defineProperty(owner, "forward", bare);
  };
}

function watched(recorder: Recorder, bare: Forward): Forward {
  return function (...inputs) {
    return recorder.module(this, this.constructor.name, () => bare.call(this, ...inputs));
  };
}

/** The tallies of the modules under the names that they have in what was called from outside, or in `model`. */
export function namedTallies({ modules, roots }: Recorder, model: Module | undefined): { tally: Tally; type: string }[] {
  const called = [...roots] as Module[];
  const tops = model ? [model, ...called] : called;
  // What was called alone, and also as a part of another one, has its name there.
  const outermost = tops.filter((top) => !tops.some((other) => other !== top && below(other).includes(top)));
  const withChildren = outermost.filter((top) => below(top).length > 0);
  const titles = new Set<string>();
  const names = new Map<object, string>();
  for (const top of outermost) {
    const title = unused(top.constructor.name, titles);
    for (const [path, module] of top.namedModules()) {
      const name = path === "" ? title : withChildren.length > 1 ? `${title}.${path}` : path;
      if (!names.has(module)) names.set(module, name);
    }
  }
  return [...modules].map(([module, tally]) => {
    const type = tally.name;
    tally.name = names.get(module) ?? unused(type, titles); // one in a plain array has no path
    return { tally, type };
  });
}

const below = (module: Module): Module[] => module.modules().slice(1);

/** `Linear`, then `Linear#2`. */
function unused(name: string, taken: Set<string>): string {
  let title = name;
  for (let count = 2; taken.has(title); count++) title = `${name}#${count}`;
  taken.add(title);
  return title;
}

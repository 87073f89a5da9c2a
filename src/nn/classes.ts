/*
 * The classes of modules that there are, as far as known: those that something was made of. `profile()` puts a
 * `forward` of its own before theirs for as long as it runs, so that modules pay nothing for it otherwise.
 */

const prototypes = new Set<object>();
let onNew: ((prototype: object) => void) | null = null;

/** Called by the constructor of every module. */
export function registerClass(prototype: object): void {
  if (prototypes.has(prototype)) return;
  prototypes.add(prototype);
  onNew?.(prototype);
}

/** Calls `use` with the prototype of every class, also of those that come later, until the returned function is called. */
export function watchClasses(use: (prototype: object) => void): () => void {
  prototypes.forEach(use);
  onNew = use;
  return () => {
    onNew = null;
  };
}

/** An element of index.html by its id. @throws when the page has none */
export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as T;
}

/** A new element with properties, attributes by their names, and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Browsers take tens of milliseconds to make a formatter, so there is one.
const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

const motion = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the visitor asked for less motion. */
export const calm = (): boolean => motion.matches;

export const whole = (value: number): string => numbers.format(value);

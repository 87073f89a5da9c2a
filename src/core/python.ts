/** A value as Python writes it: for the PyTorch expressions of the op table. */
export function python(value: unknown): string {
  if (value === undefined || value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === Infinity) return "float('inf')";
  if (value === -Infinity) return "float('-inf')";
  if (typeof value === "number") return Number.isNaN(value) ? "float('nan')" : String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  throw new TypeError(`no Python literal for a ${typeof value}`);
}

/** `, keepdim=True, dtype=…`: keyword arguments, those that are given. */
export function keywords(options: Readonly<Record<string, unknown>> = {}): string {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `, ${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}=${python(value)}`)
    .join("");
}

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const scripts = new URL("../scripts/", import.meta.url);

/** The packages that a script imports before it runs its first line, also by way of other scripts. */
function packagesOf(file: URL, seen = new Set<string>()): string[] {
  if (seen.has(file.href)) return [];
  seen.add(file.href);
  const names = [...readFileSync(file, "utf8").matchAll(/^import (?:[^"]* from )?"(?!node:)([^"]+)";/gm)].map(([, name]) => name!);
  return names.flatMap((name) =>
    name.startsWith(".")
      ? packagesOf(new URL(name, file), seen)
      : [`${name} in ${fileURLToPath(file).slice(fileURLToPath(scripts).length)}`],
  );
}

// Nothing is installed on a fresh clone when they start: what they need then, they must import after their set-up.
test.each(["start", "demo", "demo-picture", "test", "bench", "build", "wasm", "check", "size", "profile"])(
  "scripts/%s.mjs starts on a fresh clone",
  (name) => expect(packagesOf(new URL(`${name}.mjs`, scripts))).toEqual([]),
);

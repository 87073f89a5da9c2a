// A stamp remembers the inputs that something was built from, so that a second run finds it in place.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./paths.mjs";

/** Hash of files and whole folders (paths from the root, in order) and of further strings. */
export function hashOf(paths, ...strings) {
  const hash = createHash("sha256");
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return hash.update(`missing ${path}\n`);
    if (!statSync(full).isDirectory()) return hash.update(`${path}\n`).update(readFileSync(full));
    for (const name of readdirSync(full).sort()) add(join(path, name));
  };
  paths.forEach(add);
  strings.forEach((s) => hash.update(`${s}\n`));
  return hash.digest("hex");
}

export function stampMatches(file, hash) {
  return existsSync(join(root, file)) && readFileSync(join(root, file), "utf8") === hash;
}

export function writeStamp(file, hash) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), hash);
}

export function removeStamp(file) {
  rmSync(join(root, file), { force: true });
}

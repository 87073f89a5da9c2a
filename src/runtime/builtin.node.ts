import { createRequire } from "node:module";
import type * as fs from "node:fs";
import type * as files from "node:fs/promises";
import type * as os from "node:os";
import type * as path from "node:path";
import type * as url from "node:url";
import type * as workerThreads from "node:worker_threads";
import type * as zlib from "node:zlib";

interface Builtins {
  "node:fs": typeof fs;
  "node:fs/promises": typeof files;
  "node:os": typeof os;
  "node:path": typeof path;
  "node:url": typeof url;
  "node:worker_threads": typeof workerThreads;
  "node:zlib": typeof zlib;
}

let load: NodeJS.Require | undefined;

/**
 * A module of Node's own, at once, when it is first needed. Imported at the top of files, as usual, they cost every program
 * 5 ms at its start, most of it for making ES modules of them.
 */
export function builtin<K extends keyof Builtins>(name: K): Builtins[K] {
  return (load ??= createRequire("/"))(name) as Builtins[K];
}

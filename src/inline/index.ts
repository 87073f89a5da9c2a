import { host } from "#inline";
import { install } from "../install.js";

/*
 * The same library with its WebAssembly inside the script: one file, and nothing beside it to be served. It holds the plain
 * SIMD build, for one thread: each further build would be as many bytes again. Browsers still `await init()`.
 */

install(host);

export * from "../library.js";

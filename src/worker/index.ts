export { type AnyWorker, type ConnectOptions, connect } from "./connect.js";
export { expose } from "./expose.js";
export { transfer } from "./wire.js";
export type { Plain, Remote, RemoteControls, Run } from "./types.js";
export type { PlainTensor } from "../core/plain.js";
export * from "../runtime/errors.js";

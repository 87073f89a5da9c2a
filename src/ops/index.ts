export * from "./gather.js";
export * from "./mask.js";
export * from "./scatter.js";

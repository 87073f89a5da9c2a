import { host } from "#load";
import { install } from "./install.js";

install(host);

export * from "./library.js";

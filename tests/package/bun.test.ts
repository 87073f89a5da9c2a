import { runtime } from "./runtime.js";

runtime("bun", []);

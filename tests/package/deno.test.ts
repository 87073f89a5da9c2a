import { runtime } from "./runtime.js";

runtime("deno", ["run", "--allow-read"]);

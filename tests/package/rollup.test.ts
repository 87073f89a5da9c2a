import { bundler } from "./site.js";

bundler("rollup");

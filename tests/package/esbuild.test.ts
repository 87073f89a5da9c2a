import { bundler } from "./site.js";

bundler("esbuild");

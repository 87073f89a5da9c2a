import { bundler } from "./site.js";

bundler("webpack");

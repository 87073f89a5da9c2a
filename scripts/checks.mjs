// What is checked without running anything.
import { execNode } from "./exec.mjs";

export const typeCheck = () => execNode(["node_modules/typescript/bin/tsc", "-p", "."]);
export const lint = () => execNode(["node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."]);

// Where things are. Everything that set-up makes lies in ignored folders: .setup, node_modules, target, pkg, dist.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const setupDir = join(root, ".setup");
export const toolsDir = join(setupDir, "tools");

// node scripts/docs.mjs: writes docs/ops.md, the list of all ops, from their declarations, and the table of thresholds in docs/performance.md.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup/paths.mjs";

const args = ["--import", "tsx", "--conditions=lanegrad-source", "tests/table/print.ts"];
const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
if (status !== 0) process.exit(1);
for (const [file, text] of Object.entries(JSON.parse(stdout))) writeFileSync(join(root, file), text);

// Prints docs/ops.md: see scripts/docs.mjs.
import { opsPage } from "./page.js";

process.stdout.write(opsPage());

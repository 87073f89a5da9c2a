// Prints the pages of docs/ that are made from the sources, as JSON: see scripts/docs.mjs.
import { opsPage } from "./page.js";
import { performancePage } from "./thresholds.js";

process.stdout.write(JSON.stringify({ "docs/ops.md": opsPage(), "docs/performance.md": performancePage() }));

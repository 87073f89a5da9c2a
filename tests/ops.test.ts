import { readFileSync, readdirSync } from "node:fs";
import { test } from "vitest";
import { cases } from "./harness/cases.js";
import type { Goldens } from "./harness/golden.js";
import "../src/index.js";

const folder = new URL("golden/ops/", import.meta.url);
const goldens: Goldens = Object.fromEntries(
  readdirSync(folder).map((file) => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Goldens[string],
  ]),
);

for (const one of cases(goldens)) test(one.name, () => one.run());

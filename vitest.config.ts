import { defineConfig } from "vitest/config";

// "lanegrad" is the source here, not dist/: see "exports" in package.json.
const conditions = ["lanegrad-source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/browser/**", "tests/package/**"],
          // Threads and the kernels are read from dist/ and pkg/, so they must be as new as the sources.
          globalSetup: "scripts/setup/vitest.mjs",
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          globalSetup: "scripts/setup/browser.mjs",
          // The work is done in Chromium: as many at once as there are cores on a small machine.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "package",
          include: ["tests/package/*.test.ts"],
          globalSetup: "scripts/setup/packed.mjs",
          // Bundlers take all cores themselves.
          fileParallelism: false,
        },
      },
    ],
  },
});

import { defineConfig } from "vitest/config";

// "lanegrad" is the source here, not dist/: see "exports" in package.json.
const conditions = ["lanegrad-source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // No test is about how quick the machine is, which may be slow or busy. These end what hangs.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
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

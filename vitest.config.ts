import { defineConfig } from "vitest/config";

const folder = (name: string, options: object = {}) => ({
  test: { name, include: [`tests/${name}/**/*.test.ts`], ...options },
});

export default defineConfig({
  test: {
    retry: 0,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // on a busy machine a process takes more than the default second to start
    expect: { poll: { timeout: 15_000, interval: 20 } },
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{crds,sidecars,reconcilers,local-runtime,controller}/**/*.test.ts",
            "tests/project/**/*.test.ts",
          ],
        },
      },
      folder("contract", { testTimeout: 120_000 }),
      folder("integration", { testTimeout: 60_000 }),
      folder("fuzz", { testTimeout: 60_000 }),
      folder("escape", { testTimeout: 180_000, hookTimeout: 600_000, fileParallelism: false }),
      folder("e2e", { testTimeout: 300_000, hookTimeout: 900_000, fileParallelism: false }),
      folder("cluster", { testTimeout: 180_000, hookTimeout: 900_000, fileParallelism: false }),
    ],
  },
});

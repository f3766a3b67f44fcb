import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@outrigger/source'] },
  ssr: { resolve: { conditions: ['@outrigger/source'] } },
  test: {
    include: ['test/**/*.test.ts', 'sample-plugins/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Most tests wait for a process; the default would leave one of two processors idle.
    maxWorkers: 3,
  },
});

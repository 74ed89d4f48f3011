// The services that pages need, a page of another origin, and a real browser, one story after another.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['*.e2e.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    // A failed step makes the following ones meaningless.
    bail: 1,
  },
});

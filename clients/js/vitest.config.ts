import { defineConfig } from 'vitest/config';

export default defineConfig({
  // A test says itself which build it is about.
  define: { EXTRAS: 'globalThis.EXTRAS' },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'https://shop.test/orders/4711?token=abc' } },
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
    unstubGlobals: true,
  },
});

// The one way our UIs are built: relative addresses, hashed names, compressed siblings, a size budget.
import { defineConfig, type ViteUserConfig } from 'vitest/config';

import { budget } from './budget.ts';
import { precompress } from './precompress.ts';
import { themeScript } from './theme-script.ts';

// The first versions of each browser with `light-dark()`, nesting and container queries:
// naming them keeps the CSS minifier from rewriting what these understand already.
const BROWSERS = ['chrome123', 'firefox121', 'safari17.5'];

export function serviceUi(): ViteUserConfig {
  return defineConfig({
    base: './',
    build: {
      target: BROWSERS,
      cssTarget: BROWSERS,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [
      themeScript(),
      precompress(),
      budget({ firstViewJs: 25 * 1024, firstViewCss: 8 * 1024, lazyChunk: 25 * 1024 }),
    ],
    server: { proxy: { '^/(api|health)': process.env['API_TARGET'] ?? 'http://127.0.0.1:8000' } },
    test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], restoreMocks: true },
  });
}

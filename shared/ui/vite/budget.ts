// Fails the build when a page grows over its budget (bytes after gzip).
//
// First view = what index.html names, with the chunks those import at once. Everything else is
// loaded on demand and is held to the limit of one lazy chunk.
import { gzipSync } from 'node:zlib';

import type { Plugin, Rollup } from 'vite';

export interface Budget {
  firstViewJs: number;
  firstViewCss: number;
  lazyChunk: number;
}

type Bundle = Rollup.OutputBundle;

export function budget(limits: Budget): Plugin {
  return {
    name: 'monlight-budget',
    apply: 'build',
    enforce: 'post',
    writeBundle(_options, bundle) {
      const firstView = filesOfFirstView(bundle);
      const sizes = { firstViewJs: 0, firstViewCss: 0, lazyChunk: 0 };
      for (const [name, file] of Object.entries(bundle)) {
        const size = gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).length;
        if (firstView.has(name) && name.endsWith('.js')) sizes.firstViewJs += size;
        else if (firstView.has(name) && name.endsWith('.css')) sizes.firstViewCss += size;
        else if (name.endsWith('.js')) sizes.lazyChunk = Math.max(sizes.lazyChunk, size);
      }
      const lines = (Object.keys(limits) as (keyof Budget)[]).map(
        (key) => `  ${key.padEnd(14)} ${String(sizes[key]).padStart(6)} of ${limits[key]} bytes gzip`,
      );
      console.log(`\n${lines.join('\n')}`);
      const over = (Object.keys(limits) as (keyof Budget)[]).filter((key) => sizes[key] > limits[key]);
      if (over.length > 0) this.error(`over the size budget: ${over.join(', ')}`);
    },
  };
}

function filesOfFirstView(bundle: Bundle): Set<string> {
  const html = Object.values(bundle).find((file) => file.fileName.endsWith('.html'));
  const text = html?.type === 'asset' ? String(html.source) : '';
  const wanted = Object.keys(bundle).filter((name) => text.includes(name));
  const seen = new Set<string>();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const file = bundle[name];
    if (file?.type === 'chunk') wanted.push(...file.imports);
  }
  return seen;
}

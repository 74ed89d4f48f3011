// Builds the package: an ES module, and a script for a tag, which must fit its budget.
import { rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { minify } from 'terser';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
/** Bytes of each script, gzipped. */
const BUDGETS = { 'monlight.min.js': 5120, 'monlight.full.min.js': 8192 };
/**
 * Asks the browser to compile all functions when it reads the script, off the main thread where it can. Nearly all of them run at
 * the start, and compiling each at its first call means to read most of the text again.
 */
const HINT = '//# allFunctionsCalledOnLoad\n';

rmSync(`${FOLDER}dist`, { recursive: true, force: true });
const recipe = {
  absWorkingDir: FOLDER,
  bundle: true,
  minify: true,
  sourcemap: true,
  outdir: 'dist',
  target: ['es2021'],
  // Members that begin with one underscore are nobody's but ours.
  mangleProps: /^_[a-z]/,
  // What bundlers write.
  reserveProps: /^_sentryDebugIds$/,
  // Plain assignments are smaller, and nothing here is inherited.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  logLevel: 'warning',
};
for (const [isFull, module, script] of [
  [false, 'index', 'monlight.min'],
  [true, 'extras', 'monlight.full.min'],
]) {
  const define = { EXTRAS: String(isFull) };
  await build({ ...recipe, define, entryPoints: { [module]: 'src/index.ts' }, format: 'esm' });
  await build({ ...recipe, define, entryPoints: { [script]: 'src/script.ts' }, format: 'iife' });
}
for (const file of ['index.js', 'extras.js', ...Object.keys(BUDGETS)]) {
  const path = `${FOLDER}dist/${file}`;
  const content = await readFile(`${path}.map`, 'utf8');
  const made = await minify(await readFile(path, 'utf8'), {
    ecma: 2020,
    module: !(file in BUDGETS),
    compress: { passes: 3, unsafe_arrows: true, hoist_funs: true },
    sourceMap: { content, url: `${file}.map` },
  });
  const map = JSON.parse(made.map);
  await writeFile(path, HINT + made.code);
  // A line more in front.
  await writeFile(`${path}.map`, JSON.stringify({ ...map, mappings: ';' + map.mappings }));
}

let isOver = false;
for (const [file, most] of Object.entries(BUDGETS)) {
  const size = gzipSync(await readFile(`${FOLDER}dist/${file}`), { level: 9 }).length;
  console.log(`${file}: ${size} of ${most} bytes gzipped`);
  isOver ||= size > most;
}
if (isOver) {
  console.error('over the budget');
  process.exitCode = 1;
}

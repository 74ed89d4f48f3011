// Prints the sizes of other packages for web pages, bundled by the tools and settings of our own build, as the README has them:
//
//   npm run peers -w clients/js
//
// They are installed into a temporary folder, in the versions that are written here.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import { minify } from 'terser';

const VITALS = "import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals'; const watch = (tell) => [onCLS, onFCP, onINP, onLCP, onTTFB].map((on) => on(tell));";
/** The least that does something like it: without repeats, retries, limits, masking, traces or a way back. */
const SKETCH = `${VITALS}
const points = [], send = (path, body) => navigator.sendBeacon('/api/' + path, JSON.stringify(body));
const tell = (error) => send('errors', { type: error.name, message: error.message, stack: error.stack, url: location.href });
addEventListener('error', ({ error }) => tell(error));
addEventListener('unhandledrejection', ({ reason }) => tell(reason));
watch(({ name, value, id }) => points.push({ name, value, id }));
const { fetch } = window;
window.fetch = async (...all) => {
  const started = performance.now();
  try { return await fetch(...all); } finally { points.push({ name: 'request', value: performance.now() - started }); }
};
addEventListener('visibilitychange', () => document.hidden && points.length && send('metrics', points.splice(0)));`;
const PEERS = [
  ['web-vitals', '6.2.3', 'five vitals alone', `${VITALS} watch(console.log);`],
  ['web-vitals', '6.2.3', 'and ten lines for errors, `fetch` and a beacon', SKETCH],
  ['@bugsnag/browser', '9.0.0', 'errors alone', "import Bugsnag from '@bugsnag/browser'; Bugsnag.start('x');"],
  ['@elastic/apm-rum', '5.17.5', '', "import { init } from '@elastic/apm-rum'; init({});"],
  ['rollbar', '3.1.0', 'errors alone', "import Rollbar from 'rollbar'; new Rollbar({ accessToken: 'x' });"],
  ['@sentry/browser', '11.12.0', 'errors alone', "import { init } from '@sentry/browser'; init({ dsn: 'x' });"],
  ['@grafana/faro-web-sdk', '2.12.1', '', "import { initializeFaro } from '@grafana/faro-web-sdk'; initializeFaro({ url: 'x', app: { name: 'x' } });"],
  ['@datadog/browser-rum-slim', '7.16.0', '', "import { datadogRum } from '@datadog/browser-rum-slim'; datadogRum.init({ applicationId: 'x', clientToken: 'x' });"],
  [
    '@sentry/browser',
    '11.12.0',
    'with `browserTracing`',
    "import { browserTracingIntegration, init } from '@sentry/browser'; init({ dsn: 'x', integrations: [browserTracingIntegration()] });",
  ],
];

const folder = mkdtempSync(join(tmpdir(), 'monlight-peers-'));
try {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const packages = new Set(PEERS.map(([name, version]) => `${name}@${version}`));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: folder, stdio: 'inherit' });
  const rows = [];
  for (const [name, version, what, code] of PEERS) rows.push([`${name} ${version}${what && `, ${what}`}`, await sizeOf(code)]);
  console.log('| | gzipped |\n|---|---|');
  for (const [title, size] of rows.sort((one, other) => one[1] - other[1])) {
    console.log(`| ${title} | ${size.toLocaleString('en').replace(',', ' ')} bytes |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function sizeOf(contents) {
  const made = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['es2021'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  });
  const { code } = await minify(made.outputFiles[0].text, { ecma: 2020, compress: { passes: 3, unsafe_arrows: true } });
  return gzipSync(code, { level: 9 }).length;
}

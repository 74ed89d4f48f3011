// The package as npm packs it: installed into a project of its own, bundled by Vite, as a script tag, typed, and on a server.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { SourceMap, type SourceMapping, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openPage, startBrowser } from '../../../shared/ui/e2e/browser.ts';
import { until } from '../../../shared/ui/e2e/process.ts';
import { DSN_KEY, startServices, type Services } from './services.ts';
import { PREFIX, startSite, type Site } from './site.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const ROOT = join(PACKAGE, '../..');

let project: string;
let packed: { files: { path: string }[]; filename: string };
let services: Services;
let site: Site;
let browser: Browser;

const run = (command: string, all: string[], cwd = project) => execFileSync(command, all, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const inPackage = (file: string) => join(project, 'node_modules/@monlight/browser', file);

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'monlight-project-'));
  packed = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], PACKAGE))[0];
  writeFileSync(join(project, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }');
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`]);
  services = await startServices();
  site = await startSite(services.relay);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await services?.stop();
  rmSync(project, { recursive: true, force: true });
});

const dsn = () => (site.origin + PREFIX).replace('://', `://${DSN_KEY}@`);
const arrived = (message: string) => until(`"${message}" arrives`, async () => (await services.errors()).some((error) => error.message == message));

test('it holds what it needs, the licence too, and no tests', () => {
  const files = packed.files.map(({ path }) => path);

  for (const file of ['LICENSE', 'README.md', 'dist/index.js', 'dist/extras.js', 'dist/monlight.min.js', 'dist/monlight.full.min.js', 'dist/types/index.d.ts']) {
    expect(files).toContain(file);
  }
  // Each script's map is there, and so are the sources that the maps name, and the lines that they lead to.
  for (const map of files.filter((path) => path.endsWith('.js.map'))) {
    const content = JSON.parse(readFileSync(inPackage(map), 'utf8')) as SourceMapPayload;
    expect(content.sources.length).toBeGreaterThan(5);
    for (const source of content.sources) expect(files).toContain(source.replace('../', ''));
    const lines = readFileSync(inPackage(map.replace('.map', '')), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('monlight: bad DSN'));
    const { originalSource, originalLine } = new SourceMap(content).findEntry(at, lines[at]!.indexOf('monlight: bad DSN')) as SourceMapping;
    expect(originalSource).toBe('../src/options.ts');
    expect(readFileSync(inPackage('src/options.ts'), 'utf8').split('\n')[originalLine]).toContain('monlight: bad DSN');
  }
  expect(files.filter((path) => /test|e2e|scripts/.test(path))).toEqual([]);
  expect(readFileSync(inPackage('LICENSE'), 'utf8')).toBe(readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
});

test('nothing else is installed with it', () => {
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(readFileSync(inPackage('package.json'), 'utf8'));

  expect([dependencies, peerDependencies, optionalDependencies]).toEqual([undefined, undefined, undefined]);
  expect(JSON.parse(run('npm', ['ls', '--all', '--json'])).dependencies['@monlight/browser'].dependencies).toBeUndefined();
});

test.each([
  ['the core', '@monlight/browser', 'vite-core'],
  ['the full build', '@monlight/browser/extras', 'vite-full'],
])('%s works in a project that Vite bundles', async (_, name, folder) => {
  const root = join(project, folder);
  mkdirSync(root);
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>x</title><link rel="icon" href="data:,"><script type="module" src="./main.ts"></script>');
  writeFileSync(
    join(root, 'main.ts'),
    `import { Monlight, type Options } from '${name}';
    const options: Options = { dsn: '${dsn()}', release: '${folder}' };
    const monitor = new Monlight(options);
    promise().catch(monitor.captureError);
    async function promise(): Promise<void> { throw new RangeError('bundled as ${folder}'); }
    setTimeout(() => { throw new TypeError('thrown in ${folder}'); });`,
  );
  await build({ root, base: './', logLevel: 'error', build: { outDir: 'built' } });
  site.folders.set(`/${folder}/`, join(root, 'built/'));
  const { page, complaints } = await openPage(browser);
  await page.goto(`${site.origin}/${folder}/index.html`);

  await arrived(`bundled as ${folder}`);
  await arrived(`thrown in ${folder}`);
  expect(complaints).toEqual([`thrown in ${folder}`]);
  await page.context().close();
});

test('it works as a script tag', async () => {
  site.folders.set('/package/', inPackage('dist/'));
  site.pages.set('/tag', {
    html: `<!doctype html><title>x</title><script src="/package/monlight.min.js"></script>
      <script>const monitor = new Monlight({ dsn: '${dsn()}' }); monitor.captureError(new Error('as a tag'));</script>`,
  });
  const { page } = await openPage(browser);
  await page.goto(`${site.origin}/tag`);

  await arrived('as a tag');
  await page.context().close();
});

test.each([
  ['bundler', 'esnext'],
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
])('its types are found with %s resolution, and say what is wrong', (moduleResolution, module) => {
  const folder = join(project, moduleResolution);
  mkdirSync(folder);
  const strict = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2021', lib: ['es2021', 'dom'], types: [], exactOptionalPropertyTypes: true };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...strict, module, moduleResolution } }));
  writeFileSync(
    join(folder, 'use.ts'),
    `import { init, Monlight, type ErrorReport, type Labels, type Options, type Pattern } from '@monlight/browser';
    import { Monlight as Full } from '@monlight/browser/extras';
    const ignored: Pattern[] = [/x/, 'y'];
    const labels: Labels = { kind: 'tea', count: 1, isNew: true };
    const options: Options = { dsn: '', ignoreErrors: ignored, beforeSend: (report: ErrorReport) => (report.type == 'x' ? null : report) };
    const client: Monlight = init(options);
    client.counter('a', 1, labels);
    const arrived: Promise<boolean> = client.flush();
    new Full({ dsn: '', propagateTraceTo: ['https://api.example.com'] }).captureError(arrived, { step: 1 });
    // @ts-expect-error A DSN is needed.
    init({});
    // @ts-expect-error A label is no object.
    client.gauge('a', 1, { x: {} });`,
  );

  expect(run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder])).toBe('');
});

test('on a server both of its modules can be imported, and do nothing', () => {
  const code = `for (const name of ['@monlight/browser', '@monlight/browser/extras']) {
    const { init } = await import(name);
    const client = init({ dsn: 'https://${DSN_KEY}@relay.invalid' });
    client.captureError(new Error('x'));
    console.log(await client.flush());
  }`;
  writeFileSync(join(project, 'server.mjs'), code);

  expect(run(process.execPath, ['server.mjs'])).toBe('false\nfalse\n');
});

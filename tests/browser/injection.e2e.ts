// Hostile text in every field that others fill, and then every page in a real browser: text stays text.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startBrowser } from '../../shared/ui/e2e/browser.ts';
import { until } from '../../shared/ui/e2e/process.ts';
import { addContainer } from '../../log-viewer/ui/e2e/containers.ts';
import { attackFieldByField, attackingBody, bodiesOf, send, targetOf, type Target } from './attack.ts';
import { HOSTILE_NAMES, hostile } from './hostile.ts';
import { startServices, type Services } from './services.ts';
import { askedAddresses } from './text-fields.ts';
import { watch, type WatchedPage } from './watch.ts';

const MANY_PAGES_MS = 600_000;
/** What becomes more than text where text is put into a page as it is. */
const MARKUP = HOSTILE_NAMES.slice(0, 11).concat('a header', 'an encoded header');
/** What a terminal takes for an order, which the page of a line carries out, leaves out or shows as a sign. */
const ORDERS = ['colours of a terminal', 'a line of a log', 'a NUL'];
/** The texts with which a page is opened, and which each part of its address is given alone; to the others a link leads. */
const OPENED = ['an image that fails', 'the constructor'];
/** Of a report: what only decides about the grouping, and names of which a few letters are shown. */
const NOT_SHOWN = ['.fingerprint[]', '.timestamp', '.level', '.request_method'];
/** Of an error of a browser: what only finds a map. */
const NOT_PASSED_ON = ['.debug_meta.images[].code_file', '.debug_meta.images[].debug_id'];
/** What the pages keep in their address, beside what they ask the service for. */
const STATE = ['occurrence', 'compare', 'stack', 'trend', 'live', 'metric', 'stat', 'sort', 'endpoints', 'refresh', 'state', 'view', 'wrap'];

let services: Services;
let browser: Browser;
let tracker: Target;
let collector: Target;
let logs: Target;
let relay: Target;
/** What has to be there still when all is over. */
const kept = { errors: [] as number[], keys: [] as number[], projects: [] as string[] };

beforeAll(async () => {
  [services, browser] = await Promise.all([startServices(), startBrowser()]);
  const { public_key: key } = await services.relay.post('/api/dsn-keys', { project: 'shop', rate_limit: 1_000_000 });
  [tracker, logs, collector, relay] = await Promise.all([
    targetOf('error-tracker', services.tracker),
    targetOf('log-viewer', services.logs),
    targetOf('metrics-collector', services.collector),
    targetOf('browser-relay', services.relay, { 'X-Monlight-Key': key }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await services?.stop();
});

/** What was sent at once: the text of each field that takes it, and the service's answer. */
interface Attack {
  text: string;
  answer: any;
  fields: Map<string, string>;
}

/** Sends each hostile text in all fields at once that take it, after each field alone. */
async function attack(target: Target, path: string): Promise<Attack[]> {
  const sent = bodiesOf(target).find((one) => one.path === path);
  if (!sent) throw new Error(`${target.name} takes nothing at ${path}`);
  expect(await send(target, path, attackingBody(target, sent, 'a path', new Set())), `${path} takes what is not hostile`).not.toBeNull();
  const attacks: Attack[] = [];
  for (const [text, places] of await attackFieldByField(target, sent)) {
    // It has been there: the rest would count as a repeat.
    places.delete('.event_id');
    const answer = await send(target, path, attackingBody(target, sent, text, places));
    expect(answer, `${path} takes ${text} in all fields that take it alone`).not.toBeNull();
    const fields = [...places].map((place) => [place, hostile(text, `${target.name} ${path}${place}`)] as const);
    attacks.push({ text, answer, fields: new Map(fields) });
  }
  return attacks;
}

/** Opens the addresses and expects that they show these texts and do nothing else. */
async function expectShown(watched: WatchedPage, claim: string, addresses: readonly string[], texts: ReadonlyMap<string, string>) {
  let shown = '';
  for (const address of addresses) {
    await watched.visit(address);
    shown += await watched.text();
    expect.soft(watched.findings(), `${claim} at ${address}`).toEqual([]);
  }
  expect.soft(missing(shown, texts), `${claim} is not shown at ${addresses.join(' ')}`).toEqual([]);
}

async function expectHolds(watched: WatchedPage, claim: string, texts: ReadonlyMap<string, string>) {
  expect.soft(missing(await watched.text(), texts), `${claim} do not show`).toEqual([]);
}

/** The fields whose text is not there. */
function missing(shown: string, texts: ReadonlyMap<string, string>): string[] {
  return [...texts].filter(([, text]) => !visible(shown).includes(visible(text))).map(([field]) => field);
}

/** What of a text has a shape: half a character cannot be sent, and pages differ in what they do with the rest. */
const visible = (text: string) => Buffer.from(text).toString().replace(/[\s\u0000-\u001f\u007f-\u009f\ufffd]+/g, '');

const asked = (values: Record<string, string>) => `?${new URLSearchParams(values)}`;

function without(fields: ReadonlyMap<string, string>, ...hidden: string[]): Map<string, string> {
  return new Map([...fields].filter(([place]) => !hidden.includes(place)));
}

test('a page that is watched tells of everything that a text could become', async () => {
  const watched = await watch(browser, services.tracker);
  const told: string[] = [];
  for (const text of HOSTILE_NAMES) {
    await watched.visit('');
    await watched.page.evaluate((html) => {
      const place = document.createElement('div');
      place.innerHTML = `<p title="${html}">${html}</p><a href="${html}"></a>`;
      document.body.append(place);
    }, hostile(text, 'innerHTML'));
    await watched.inspect();
    if (watched.findings().length > 0) told.push(text);
  }
  await watched.close();

  expect(told).toEqual(MARKUP);
}, MANY_PAGES_MS);

test('the pages of the error tracker show each text of a report and do nothing else', async () => {
  const watched = await watch(browser, services.tracker);
  for (const { text, answer, fields } of await attack(tracker, '/api/errors')) {
    const shaped = shapedReport(text, fields);
    await services.tracker.post('/api/errors', shaped.report);
    const { occurrences } = await services.tracker.get(`/api/errors/${answer.id}`);
    const [newer, older] = occurrences.map((one: { id: number }) => String(one.id));
    const error = String(answer.id);
    kept.errors.push(answer.id);
    const shown = new Map([...without(fields, ...NOT_SHOWN), ...shaped.shown]);
    await expectShown(
      watched,
      `a report with ${text}`,
      [
        asked({ error, occurrence: older, stack: 'all' }),
        asked({ error, occurrence: newer, stack: 'all', compare: older }),
        asked({ resolved: 'all', project: fields.get('.project') ?? 'shop' }),
      ],
      shown,
    );
  }
  await watched.visit('');
  expect(watched.findings(), 'the list of all errors').toEqual([]);
  await watched.close();
}, MANY_PAGES_MS);

/** The same error again, with what the page reads out of a traceback and of `extra`. */
function shapedReport(text: string, fields: ReadonlyMap<string, string>) {
  const shown = new Map<string, string>();
  const at = (field: string) => {
    const value = hostile(text, field);
    shown.set(field, value);
    return value;
  };
  const source = { file: at('file'), function: at('function'), context_line: at('context_line'), unresolved: at('unresolved') };
  const frame = { ...source, pre_context: [at('pre_context')], post_context: [at('post_context')], line: 3, column: 7, in_app: true };
  const report = {
    project: fields.get('.project') ?? 'shop',
    exception_type: fields.get('.exception_type') ?? 'KeyError',
    fingerprint: [fields.get('.fingerprint[]')],
    message: at('message'),
    traceback: `  File "${hostile(text, 'traceback')}", line 3, in ${hostile(text, 'traceback')}\n    ${hostile(text, 'traceback')}\n`,
    extra: { session_id: at('session_id'), frames: [frame], breadcrumbs: [{ message: at('breadcrumb') }] },
  };
  return { report, shown };
}

test('the pages of the metrics collector show each text of a point and do nothing else', async () => {
  const watched = await watch(browser, services.collector);
  for (const { text, fields } of await attack(collector, '/api/metrics')) {
    const project = fields.get('.metrics[].project') ?? 'default';
    kept.projects.push(project);
    const metric = fields.get('.metrics[].name') ?? 'http_requests_total';
    const label = fields.get('.metrics[].labels{}') ?? 'name';
    const known = new Map(['endpoint', 'method', 'page', 'note'].map((name) => [name, hostile(text, `label ${name}`)]));
    // Names of labels are separated by commas in an address: one that holds them cannot be asked for.
    const notShown = ['.metrics[].id', ...(/,|^\s|\s$/.test(label) ? ['.metrics[].labels.*'] : [])];
    const [endpoint, method, page, note] = [...known.values()];
    await services.collector.post('/api/metrics', {
      metrics: [
        { project, name: 'http_requests_total', type: 'counter', value: 1, labels: { endpoint, method, note, status: '200' } },
        { project, name: 'http_request_duration_seconds', type: 'histogram', value: 1, labels: { endpoint, method } },
        { project, name: 'web_vitals_lcp', type: 'histogram', value: 1, labels: { page } },
      ],
    });
    await expectShown(
      watched,
      `a point with ${text}`,
      [
        asked({ project }),
        `explore${asked({ project, metric, type: 'histogram', group_by: label })}`,
        `explore${asked({ project, metric: 'http_requests_total', type: 'counter', group_by: 'endpoint,method,note' })}`,
      ],
      new Map([...without(fields, ...notShown), ...known]),
    );
  }
  await watched.close();
}, MANY_PAGES_MS);

test('the pages of the log viewer show each text of a container and of its lines and do nothing else', async () => {
  const watched = await watch(browser, services.logs);
  const containers = HOSTILE_NAMES.map(writeHostileLines);
  const total = async () => (await services.logs.get('/api/stats')).total_logs;
  await until('all lines are known', async () => (await total()) >= containers.length * 4);
  for (const { text, name, shown } of containers) {
    const own = { container: name, live: 'off' };
    const { logs } = await services.logs.get(`/api/logs${asked({ container: name })}`);
    const addresses = [asked({ entry: String(logs[0].id) }), asked({ ...own, search: shown.get('value') ?? '' }), asked(own)];
    await expectShown(watched, `a container with ${text}`, addresses, new Map([['name', name]]));
    for (const time of await watched.page.locator('.line-time').all()) await time.click();
    await watched.inspect();
    expect.soft(watched.findings(), `the opened lines of a container with ${text}`).toEqual([]);
    if (!ORDERS.includes(text)) await expectHolds(watched, `the opened lines of a container with ${text}`, shown);
  }
  await watched.visit('');
  for (const { text, container, lines } of containers) container.write([...lines, `the live end of ${text}`]);
  await watched.page.locator('.line', { hasText: `the live end of ${containers.at(-1)?.text}` }).waitFor();
  await watched.inspect();
  expect(watched.findings(), 'the live tail').toEqual([]);
  await watched.close();
}, MANY_PAGES_MS);

/** Lines of each form in a container that carries the text in all its names. */
function writeHostileLines(text: string, number: number) {
  const at = (field: string) => Buffer.from(hostile(text, `a container's ${field}`)).toString();
  // Docker's names begin with a slash, which is no part of the name.
  const name = at('name').replace(/^\/+/, '');
  const shown = new Map(['image', 'line', 'member', 'value'].map((field) => [field, at(field)]));
  const [image, line, member, value] = [...shown.values()] as [string, string, string, string];
  const container = addContainer(services.containers, { name, project: at('project'), image, number: number + 1 });
  const pairs = `msg="as pairs" note="${value}" ${member}=1`;
  const lines = [line, JSON.stringify({ msg: 'as JSON', [member]: value, deep: [{ [member]: value }] }), pairs];
  container.write(lines);
  container.write([`${line} on the other stream`], { stream: 'stderr' });
  return { text, name, container, lines, shown };
}

test('the pages of the browser relay show each text of a key and of a map and do nothing else', async () => {
  const watched = await watch(browser, services.relay);
  for (const { text, answer, fields } of await attack(relay, '/api/dsn-keys')) {
    kept.keys.push(answer.id);
    await expectShown(watched, `a key with ${text}`, [asked({ key: String(answer.id) }), asked({ search: fields.get('.project') ?? '' })], fields);
  }
  for (const { text, answer, fields } of await attack(relay, '/api/source-maps')) {
    const project = fields.get('.project') ?? '';
    await expectShown(watched, `a map with ${text}`, [`source-maps${asked({ map: String(answer.id) })}`, `source-maps${asked({ project })}`], fields);
  }
  await watched.visit('spool');
  expect(watched.findings(), 'the spool').toEqual([]);
  await watched.close();
}, MANY_PAGES_MS);

test('the page of an error that came from a browser shows each text of it and of its map and does nothing else', async () => {
  const watched = await watch(browser, services.tracker);
  for (const { text, answer, fields } of await attack(relay, '/api/browser/errors')) {
    await expectShown(watched, `an error of a browser with ${text}`, [asked({ error: String(answer.id), stack: 'text' })], without(fields, ...NOT_PASSED_ON));
    // Source is shown line by line, each with its number.
    const oneLine = (place: string) => hostile(text, `the map's ${place}`).replace(/[\r\n]+/g, ' ');
    const [source, name, content] = ['source', 'name', 'content'].map(oneLine) as [string, string, string];
    const map = { version: 3, file: source, sourceRoot: '', sources: [source], names: [name], sourcesContent: [content], mappings: 'AAAAA,IAAAA' };
    const file_url = `https://shop.example.com/${HOSTILE_NAMES.indexOf(text)}.js`;
    await services.relay.post('/api/source-maps', { project: 'shop', release: '1', file_url, map_content: JSON.stringify(map) });
    const report = { type: 'MappedError', message: text, release: '1', stack: `MappedError: x\n    at b (${file_url}:1:5)` };
    const { id } = await send(relay, '/api/browser/errors', report);
    await expectShown(watched, `a map with ${text}`, [asked({ error: String(id), stack: 'all' })], new Map(Object.entries({ source, name, content })));
  }
  await watched.close();
}, MANY_PAGES_MS);

test('what stands in the address of a page does nothing else than to ask for it', async () => {
  const [error = 0] = kept.errors;
  const [line] = (await services.logs.get('/api/logs?limit=1')).logs;
  const pages: [Target, string, Record<string, string>][] = [
    [tracker, '', {}],
    [tracker, '', { error: String(error) }],
    [logs, '', {}],
    [logs, '', { entry: String(line.id) }],
    [collector, '', {}],
    [collector, 'explore', {}],
    [collector, 'explore', { metric: 'http_requests_total', type: 'counter' }],
    [relay, '', {}],
    [relay, 'source-maps', {}],
    [relay, 'spool', {}],
  ];
  for (const [{ name, service, document }, path, fixed] of pages) {
    const watched = await watch(browser, service);
    const names = new Set([...askedAddresses(document).flatMap(({ parameters }) => parameters), ...STATE]);
    for (const one of Object.keys(fixed)) names.delete(one);
    for (const text of HOSTILE_NAMES) {
      const at = (parameter: string) => hostile(text, `${name} ${path} ${parameter}`);
      const all = new URLSearchParams({ ...fixed, ...Object.fromEntries([...names].map((parameter) => [parameter, at(parameter)])) });
      const address = `${path}?${all}#${encodeURIComponent(Buffer.from(at('hash')).toString())}`;
      if (!OPENED.includes(text)) await watched.follow(address);
      else {
        await watched.visit(address);
        // One alone goes further than all together, of which one is refused.
        for (const parameter of names) await watched.follow(`${path}${asked({ ...fixed, [parameter]: at(parameter) })}`);
      }
      expect.soft(watched.findings(), `${name} ${path} with ${text}`).toEqual([]);
    }
    await watched.close();
  }
}, MANY_PAGES_MS);

test('all services are healthy, and all that they took is there', async () => {
  for (const { name, service } of [tracker, logs, collector, relay]) {
    expect(service.runs(), `${name} runs`).toBe(true);
    expect(await service.get('/health'), name).toMatchObject({ status: 'ok' });
  }
  for (const id of kept.errors) expect(await services.tracker.get(`/api/errors/${id}`)).toMatchObject({ id });
  const { keys } = await services.relay.get('/api/dsn-keys?limit=1000');
  expect(keys.map((key: { id: number }) => key.id)).toEqual(expect.arrayContaining(kept.keys));
  const { projects } = await services.collector.get('/api/projects');
  expect(projects).toEqual(expect.arrayContaining(kept.projects.map((project) => Buffer.from(project).toString())));
  expect((await services.logs.get('/api/stats')).total_logs).toBeGreaterThanOrEqual(HOSTILE_NAMES.length * 8);
});

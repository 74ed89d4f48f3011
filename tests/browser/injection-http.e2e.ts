// Hostile text in addresses, headers and bodies: no answer gets a header of it, no path leads out, no log gets a line.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { attackFieldByField, bodiesOf, targetOf, type Target } from './attack.ts';
import { HOSTILE_NAMES, hostile } from './hostile.ts';
import { rawRequest } from './raw-request.ts';
import { startServices, type Services } from './services.ts';
import { askedAddresses } from './text-fields.ts';

const TYPES = ['application/json', 'application/problem+json', 'application/x-ndjson', 'text/plain', 'text/event-stream'];
/** Headers that change what an answer says, sent all at once, and those that decide whether there is one, each alone. */
const HEADERS = [
  ['Accept', 'Accept-Encoding', 'Access-Control-Request-Headers', 'Access-Control-Request-Method', 'Content-Type', 'Cookie', 'Forwarded',
    'Idempotency-Key', 'If-None-Match', 'Last-Event-ID', 'Origin', 'Range', 'Referer', 'User-Agent', 'X-Forwarded-For', 'X-Forwarded-Host',
    'X-Forwarded-Prefix', 'X-Forwarded-Proto', 'X-Monlight-UI', 'X-Request-Id'],
  ['Content-Encoding'],
  ['Host'],
];
/** Who keeps guessing keys is answered late: of these only a few. */
const KEYS = ['X-API-Key', 'Authorization', 'X-Monlight-Key'];
/** A line of a head that no answer here has by itself. */
const INJECTED = /^(x-injected|set-cookie|location)/m;
const UP = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..\\', '..%5c', '....//', '..;/', '%252e%252e%252f', '..%c0%af', '.%00./'];
const BEHIND = ['etc/passwd', 'proc/self/environ', 'Cargo.toml'];

// Thousands of requests, and a busy machine.
vi.setConfig({ testTimeout: 300_000 });

let services: Services;
let targets: Target[];

describe.each(['json', 'text'] as const)('with a log as %s', (form) => {
  beforeAll(async () => {
    services = await startServices(form);
    const { public_key: key } = await services.relay.post('/api/dsn-keys', { project: 'shop', rate_limit: 1_000_000 });
    targets = await Promise.all([
      targetOf('error-tracker', services.tracker),
      targetOf('log-viewer', services.logs),
      targetOf('metrics-collector', services.collector),
      targetOf('browser-relay', services.relay, { 'X-Monlight-Key': key }),
    ]);
  });
  afterAll(() => services?.stop());

  test('no parameter of an address gets into the head of an answer, and none is more than refused', async () => {
    for (const { name, service, document } of targets) {
      for (const { path, parameters } of askedAddresses(document)) {
        for (const parameter of parameters) {
          for (const text of HOSTILE_NAMES) {
            const asked = new URLSearchParams({ name: 'x', [parameter]: hostile(text, `${name} ${path} ${parameter}`) });
            const reply = await service.ask(`${path}?${asked}`);
            await expectNothingInjected(`${name} ${path}?${asked}`, reply);
          }
        }
      }
    }
  });

  test('no part of a path gets into the head of an answer, and none is more than refused', async () => {
    for (const { name, service, document } of targets) {
      for (const path of Object.keys(document.paths).filter((path) => path.includes('{id}'))) {
        for (const text of HOSTILE_NAMES) {
          const asked = path.replace('{id}', encodeURIComponent(asUtf8(hostile(text, `${name} ${path}`)).toString()));
          for (const method of ['GET', 'POST', 'DELETE']) {
            await expectNothingInjected(`${method} ${name} ${asked}`, await service.ask(asked, { method }));
          }
        }
      }
    }
  });

  test('no header of a request gets into the head of an answer', async () => {
    for (const target of targets) {
      const { document } = target;
      const paths = ['/', ...Object.keys(document.paths).filter((path) => !path.endsWith('/tail') && !path.includes('{'))];
      for (const text of HOSTILE_NAMES) {
        for (const headers of HEADERS) {
          for (const path of paths) {
            for (const method of ['GET', 'OPTIONS']) await attackHeaders(target, `${method} ${path}`, text, headers);
          }
        }
      }
      for (const text of ['a header', 'an encoded header']) {
        for (const header of KEYS) await attackHeaders(target, 'GET /api/errors', text, [header]);
      }
    }
  });

  test('no path and no method that is sent as it is makes an answer or a log of its own', async () => {
    for (const { name, service } of targets) {
      for (const text of HOSTILE_NAMES) {
        const raw = asUtf8(hostile(text, `${name} path`)).toString('latin1');
        for (const [method, path] of [['GET', `/api/${raw}`], ['GET', `/${raw}`], ['GET', `/?${raw}`], [raw, '/api/about']] as const) {
          const { status, head } = await rawRequest(service.address, path, ['Host: h', `X-API-Key: ${service.key}`], method);
          expect(status, `${name} ${method} ${path}`).toBeLessThan(500);
          expect(head, `${name} ${method} ${path}`).not.toMatch(INJECTED);
        }
      }
    }
  });

  test('no path leads out of what is served', async () => {
    for (const { name, service } of targets) {
      for (const prefix of ['/', '/assets/', '/api/', '//', 'http://elsewhere/']) {
        for (const up of UP) {
          for (const file of BEHIND) {
            for (const depth of [1, 3, 12]) {
              const path = prefix + up.repeat(depth) + file;
              const { status, body } = await rawRequest(service.address, path, ['Host: h', `X-API-Key: ${service.key}`]);
              expect([200, 400, 404], `${name} ${path}`).toContain(status);
              expect(body, `${name} ${path}`).not.toMatch(/root:|PATH=|\[package\]|\[workspace\]/);
            }
          }
        }
      }
    }
  });

  test('no field of a body makes a service fail', async () => {
    for (const target of targets) {
      for (const sent of bodiesOf(target)) await attackFieldByField(target, sent);
    }
  });

  test('no text made a line of a log, or a colour in it', () => {
    for (const { name, service } of targets) {
      const log = service.log();
      expect(log, `${name} has logged the path that runs backwards`).toContain('\\u202egpj.exe');
      for (const line of log.trimEnd().split('\n')) {
        expect(line, name).toMatch(form === 'json' ? /^\{"timestamp":.*\}$/ : /^\d{4}-\d\d-\d\dT[\d:.]+Z +(ERROR|WARN|INFO|DEBUG|TRACE) /);
        expect(line, name).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
      }
    }
  });
});

/** Half a character becomes the sign for what cannot be read. */
const asUtf8 = (text: string) => Buffer.from(text);

async function attackHeaders({ name, service, headers }: Target, request: string, text: string, attacked: readonly string[]) {
  const [method = '', path = ''] = request.split(' ');
  const value = asUtf8(hostile(text, `${name} headers`)).toString('latin1');
  const others = Object.entries({ Host: 'h', 'X-API-Key': service.key, ...headers }).filter(([header]) => !attacked.includes(header));
  // The attacked ones last: a new line in them ends the head.
  const lines = [...others, ...attacked.map((header) => [header, value])].map(([header, value]) => `${header}: ${value}`);
  const { status, head } = await rawRequest(service.address, path, lines, method);
  const claim = `${name} ${request} with ${text} as ${attacked.join()}`;
  expect(status, claim).toBeLessThan(500);
  expect(head, claim).not.toMatch(INJECTED);
}

async function expectNothingInjected(claim: string, reply: Response) {
  expect([200, 204, 400, 404, 405], claim).toContain(reply.status);
  expect([...reply.headers.keys()].filter((name) => /injected|cookie|location/.test(name)), claim).toEqual([]);
  if (reply.status !== 204) expect(TYPES, claim).toContain(reply.headers.get('content-type')?.split(';')[0]);
  expect(reply.headers.get('x-content-type-options'), claim).toBe('nosniff');
  await reply.body?.cancel();
}

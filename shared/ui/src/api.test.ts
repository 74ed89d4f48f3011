import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { api, ApiError, withQuery } from './api.ts';
import { signIn, signInNeeded } from './session.ts';

const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal('fetch', fetched);
});
afterEach(() => {
  vi.unstubAllGlobals();
  signInNeeded.value = false;
});

const reply = (status: number, body: unknown = null, headers = {}) =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers });

test('requests are relative and marked as coming from the UI', async () => {
  fetched.mockResolvedValue(reply(200, { errors: [] }));

  await api('errors');

  const [address, init] = fetched.mock.calls[0] ?? [];
  expect(address).toBe('api/errors');
  expect(init?.headers).toMatchObject({ 'X-Monlight-UI': '1' });
});

test('a problem is told in the service’s own words', async () => {
  fetched.mockResolvedValue(reply(404, { detail: 'Error not found' }));

  await expect(api('errors/1')).rejects.toThrow('Error not found');
});

test('a proxy’s page of HTML is not shown', async () => {
  fetched.mockResolvedValue(new Response('<html>bad gateway</html>', { status: 502 }));

  await expect(api('errors')).rejects.toThrow('The service answered with status 502.');
});

test('a service that asks for patience says how long', async () => {
  fetched.mockResolvedValue(reply(503, { detail: 'busy' }, { 'Retry-After': '7' }));

  const error = await api('errors').catch((one: unknown) => one);

  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 503, retryAfterSeconds: 7 });
});

test('a request refused for want of a session goes on after sign-in', async () => {
  fetched
    .mockResolvedValueOnce(reply(401, { detail: 'Invalid API key' }))
    .mockResolvedValueOnce(reply(204))
    .mockResolvedValueOnce(reply(200, { changed: 2 }));

  const waiting = api('errors/bulk', { method: 'POST', body: { ids: [1, 2], action: 'resolve' } });
  await vi.waitFor(() => expect(signInNeeded.value).toBe(true));
  await signIn('secret');

  await expect(waiting).resolves.toEqual({ changed: 2 });
  expect(signInNeeded.value).toBe(false);
  expect(fetched.mock.calls.map(([address]) => address)).toEqual(['api/errors/bulk', 'api/session', 'api/errors/bulk']);
  expect(fetched.mock.calls[2]?.[1]?.body).toBe(fetched.mock.calls[0]?.[1]?.body);
});

test('a request that was sent before a sign-in and is refused after it does not ask for the key again', async () => {
  let refuseLate = (_: Response) => {};
  fetched
    .mockReturnValueOnce(new Promise((resolve) => (refuseLate = resolve)))
    .mockResolvedValueOnce(reply(401, { detail: 'Invalid API key' }))
    .mockResolvedValueOnce(reply(204))
    .mockImplementation(() => Promise.resolve(reply(200, {})));
  const late = api('projects');
  const first = api('errors');
  await vi.waitFor(() => expect(signInNeeded.value).toBe(true));
  await signIn('secret');
  await first;

  refuseLate(reply(401, { detail: 'Invalid API key' }));

  await expect(late).resolves.toEqual({});
  expect(signInNeeded.value).toBe(false);
});

test('a wrong key keeps the dialog and the request waiting', async () => {
  fetched.mockResolvedValue(reply(401, { detail: 'Invalid API key' }));
  const call = new AbortController();
  const waiting = api('errors', { signal: call.signal });
  await vi.waitFor(() => expect(signInNeeded.value).toBe(true));

  await expect(signIn('wrong')).rejects.toThrow('not the right one');

  expect(signInNeeded.value).toBe(true);
  call.abort();
  await expect(waiting).rejects.toThrow();
});

test('empty values are left out of a query', () => {
  expect(withQuery('errors', { project: 'a b', search: '', since: null, limit: 50 })).toBe('errors?project=a+b&limit=50');
});

test('a list is repeated in a query', () => {
  expect(withQuery('logs', { container: ['a', 'b'], level: [] })).toBe('logs?container=a&container=b');
});

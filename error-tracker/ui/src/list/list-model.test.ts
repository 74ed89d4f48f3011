import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { anItem, aPage } from '../sample.ts';
import type { ErrorPage } from '../wire.ts';
import { createListModel } from './list-model.ts';

const asked: string[] = [];
let answer: (address: string) => ErrorPage | Response;

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    const body = answer(address);
    return body instanceof Response ? body : new Response(JSON.stringify(body));
  });
});
afterEach(() => vi.unstubAllGlobals());

const shownIds = (model: ReturnType<typeof createListModel>) => model.rows.value.map((item) => item.id);

test('what comes in waits behind the pill until it is asked for', async () => {
  const model = createListModel();
  answer = () => aPage([anItem(1)]);
  await model.open(() => ({}));

  answer = () => aPage([anItem(2), anItem(1, { count: 5 })]);
  await model.poller.ask();
  expect(shownIds(model)).toEqual([1]);
  expect(model.rows.value[0]?.count).toBe(5);
  expect(model.waiting.value?.fresh).toBe(1);

  model.applyWaiting();
  expect(shownIds(model)).toEqual([2, 1]);
  expect(model.waiting.value).toBeNull();
});

test('an empty list turns over by itself', async () => {
  const model = createListModel();
  answer = () => aPage([]);
  await model.open(() => ({}));
  await vi.waitFor(() => expect(model.everything.value?.count).toBe(0));

  answer = () => aPage([anItem(1)]);
  await model.poller.ask();

  expect(shownIds(model)).toEqual([1]);
});

test('applying what is new keeps the selection', async () => {
  const model = createListModel();
  answer = () => aPage([anItem(1), anItem(2)]);
  await model.open(() => ({}));
  model.selection.toggle(2);
  answer = () => aPage([anItem(3), anItem(2), anItem(1)]);

  await model.poller.ask();
  model.applyWaiting();

  expect([...model.selection.ticked.value]).toEqual([2]);
});

test('more rows come by cursor', async () => {
  const model = createListModel();
  answer = () => aPage([anItem(1)], { next: 'abc', total: 2 });
  await model.open(() => ({ project: 'shop' }));

  answer = () => aPage([anItem(2)], { total: 2 });
  await model.loadMore();

  expect(asked.at(-1)).toBe('api/errors?project=shop&limit=50&cursor=abc');
  expect(shownIds(model)).toEqual([1, 2]);
  expect(model.next.value).toBeNull();
});

test('a failure is a state, and trying again ends it', async () => {
  const model = createListModel();
  answer = () => new Response(JSON.stringify({ detail: 'busy' }), { status: 503 });
  await model.open(() => ({}));
  expect(model.state.value).toMatchObject({ kind: 'failed', error: { message: 'busy' } });

  answer = () => aPage([anItem(1)]);
  await model.reload();

  expect(model.state.value.kind).toBe('shown');
});

test('of two queries in a row only the last one is shown', async () => {
  const model = createListModel();
  const replies: ((page: ErrorPage) => void)[] = [];
  vi.stubGlobal('fetch', (_address: string, init: RequestInit) =>
    new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('off', 'AbortError')));
      replies.push((page) => resolve(new Response(JSON.stringify(page))));
    }),
  );
  const first = model.open(() => ({ search: 'a' }));
  const second = model.open(() => ({ search: 'ab' }));

  replies[1]?.(aPage([anItem(2)]));
  replies[0]?.(aPage([anItem(1)]));
  await Promise.all([first, second]);

  expect(shownIds(model)).toEqual([2]);
});

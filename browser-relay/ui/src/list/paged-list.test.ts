import { beforeEach, expect, test } from 'vitest';

import { createPagedList, type Page, type PagedList } from './paged-list.ts';

interface Item {
  id: number;
  text: string;
}

let list: PagedList<Item>;
let stored: Item[];

const read = async ({ limit, before = Infinity }: { limit: number; before?: number }): Promise<Page<Item>> => {
  const items = stored.filter((item) => item.id < before).slice(0, limit);
  return { items, total: stored.length, next: items.length === limit ? items.at(-1)!.id : null };
};
const items = (from: number, to: number): Item[] => Array.from({ length: from - to + 1 }, (_, at) => ({ id: from - at, text: 'a' }));
const ids = () => list.rows.value.map((item) => item.id);

beforeEach(async () => {
  list = createPagedList<Item>();
  stored = items(250, 1);
  await list.open(read);
});

test('pages follow each other until the end', async () => {
  expect([ids().length, list.total.value]).toEqual([100, 250]);
  await list.loadMore();
  await list.loadMore();

  expect(ids()).toEqual(stored.map((item) => item.id));
  expect(list.next.value).toBeNull();
});

test('what changed is changed where it stands, and what is new waits', async () => {
  stored = [{ id: 251, text: 'new' }, ...stored.map((item) => (item.id === 249 ? { ...item, text: 'used' } : item))];
  await list.refresh();

  expect(ids()[0]).toBe(250);
  expect(list.rows.value[1]?.text).toBe('used');
  expect([list.waiting.value?.fresh, list.total.value]).toEqual([1, 251]);

  list.applyWaiting();
  expect(ids()[0]).toBe(251);
  expect(list.waiting.value).toBeNull();
});

test('a row that is gone elsewhere stays until the list is loaded again', async () => {
  stored = stored.filter((item) => item.id !== 249);
  await list.refresh();
  expect(ids()).toContain(249);

  await list.reload();
  expect(ids()).not.toContain(249);
});

test('an empty list turns over by itself', async () => {
  stored = [];
  await list.reload();
  stored = items(3, 1);
  await list.refresh();

  expect(ids()).toEqual([3, 2, 1]);
});

test('an answer to an earlier question is dropped', async () => {
  let answer: (page: Page<Item>) => void = () => undefined;
  const slow = list.open((_, signal) => {
    const page = new Promise<Page<Item>>((resolve, reject) => {
      answer = resolve;
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
    return page;
  });
  stored = items(2, 1);
  await list.open(read);
  answer({ items: items(9, 9), total: 1, next: null });
  await slow;

  expect(ids()).toEqual([2, 1]);
  expect(list.busy.value).toBe(false);
});

test('a failure is shown, and trying again loads', async () => {
  await list.open(() => Promise.reject(new Error('the disk is full')));
  expect(list.state.value).toEqual({ kind: 'failed', error: new Error('the disk is full') });

  await list.open(read);
  expect(list.state.value).toEqual({ kind: 'shown' });
});

test('a row that is removed is not counted any more', () => {
  list.remove(250);
  list.remove(250);

  expect([ids()[0], list.total.value]).toEqual([249, 249]);
});

import { beforeEach, expect, test, vi } from 'vitest';

import { isSampled, sessionId, uuid } from './session.ts';

beforeEach(() => sessionStorage.clear());

test('ids are UUIDs, each another', () => {
  const ids = Array.from({ length: 1000 }, uuid);

  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

test('a tab has one session', () => {
  expect(sessionId()).toBe(sessionId());
});

test('where storage is denied the page has a session', () => {
  vi.stubGlobal('sessionStorage', undefined);

  expect(sessionId()).toMatch(/^[\da-f-]{36}$/);
});

test('a sample has its share, and keeps to its decision', () => {
  const ids = Array.from({ length: 2000 }, uuid);
  const share = ids.filter((id) => isSampled(id, 0.25)).length / ids.length;

  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.3);
  expect(ids.every((id) => isSampled(id, 1) && !isSampled(id, 0))).toBe(true);
});

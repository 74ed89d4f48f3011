import { expect, test } from 'vitest';

import { aPeer, aSpool } from '../sample.ts';
import { markOf, shareUsed, stateOf, toneOf } from './words.ts';

const AWAY = { reachable: false, reason: 'cannot be reached', since: '2026-11-20T10:00:00.000Z' };

test('while all is well there is nothing to notice', () => {
  expect(markOf(aSpool())).toBeNull();
});

test('a peer that is away is noticed, and what waits is counted', () => {
  expect(markOf(aSpool(AWAY))).toEqual({ tone: 'bad', words: 'Error tracker away' });
  expect(markOf(aSpool({ ...AWAY, waiting: 12 }))).toEqual({ tone: 'bad', words: 'Error tracker away, 12 reports waiting' });
  expect(markOf(aSpool({ waiting: 1 }))).toEqual({ tone: 'warn', words: '1 report waiting' });
});

test.each([
  [AWAY, 'bad', 'It cannot be reached. What comes in waits here and is sent when it is back.'],
  [{ delivered: 0 }, 'quiet', 'Nothing has been sent to it since the relay was started.'],
  [{ waiting: 3 }, 'good', 'What has waited is being sent.'],
  [{}, 'good', 'What comes in is handed on at once.'],
] as const)('%j is %s: %s', (more, tone, words) => {
  const peer = aPeer(more);

  expect([toneOf(peer), stateOf(peer)]).toEqual([tone, words]);
});

test('a spool that is over its limit is full', () => {
  expect(shareUsed(aSpool({}, { used_bytes: 50, max_bytes: 200 }))).toBe(0.25);
  expect(shareUsed(aSpool({}, { used_bytes: 300, max_bytes: 200 }))).toBe(1);
});

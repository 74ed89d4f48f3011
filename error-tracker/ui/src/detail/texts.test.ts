// What is copied out of an error, and where its links lead.
import { expect, test } from 'vitest';

import { aDetail, anOccurrence } from '../sample.ts';
import { asCurl } from './curl.ts';
import { logsAround } from './logs-around.ts';
import { asMarkdown } from './markdown.ts';
import { isLong } from './Message.tsx';

test('a request becomes one curl command, whatever quotes it holds', () => {
  const line = asCurl({
    request_url: "https://shop.example/?q=it's",
    request_method: 'POST',
    request_headers: { Accept: 'text/html', Host: 'shop.example', 'X-Note': "a'; rm -rf / #" },
  });

  expect(line).toBe(
    "curl 'https://shop.example/?q=it'\\''s' \\\n  -X 'POST' \\\n  -H 'Accept: text/html' \\\n  -H 'X-Note: a'\\''; rm -rf / #'",
  );
});

test('a page seen in a browser is fetched, not sent with a method BROWSER', () => {
  expect(asCurl({ request_url: 'https://a.example/', request_method: 'BROWSER', request_headers: null })).toBe("curl 'https://a.example/'");
});

test('a trace cannot break out of its fence', () => {
  const text = asMarkdown(aDetail(), anOccurrence(1, { traceback: '```\n<script>\n```' }), 'http://localhost/?error=1');

  expect(text).toContain('````\n```\n<script>\n```\n````');
});

test('the logs are asked for half a minute before and after', () => {
  expect(logsAround('https://logs.example/', '2026-11-21T10:00:00.000Z')).toBe(
    'https://logs.example/?since=2026-11-21T09%3A59%3A30.000Z&until=2026-11-21T10%3A00%3A30.000Z',
  );
});

test('without a log viewer there is no link', () => {
  expect(logsAround(null, '2026-11-21T10:00:00.000Z')).toBeNull();
});

test('a message is long by its lines or by its length', () => {
  expect(isLong('short')).toBe(false);
  expect(isLong(Array.from({ length: 12 }, () => 'line').join('\n'))).toBe(false);
  expect(isLong(Array.from({ length: 13 }, () => 'line').join('\n'))).toBe(true);
  expect(isLong('x'.repeat(10_000))).toBe(true);
});

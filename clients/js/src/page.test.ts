import { expect, test } from 'vitest';

import { pageOf } from './page.ts';

test.each([
  ['/orders/4711', '/orders/{id}'],
  ['/', '/'],
  ['/users/6f1d9c1e-8c1b-4a55-9a51-1d2c3b4a5f60/edit', '/users/{id}/edit'],
  ['/b/507f1f77bcf86cd799439011', '/b/{id}'],
  ['/b/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/b/{id}'],
  ['/b/V1StGXR8_Z5jdHi6B-myT', '/b/{id}'],
  ['/u/joe@example.com', '/u/{id}'],
  ['/u/joe%40example.com', '/u/{id}'],
  ['/@joe/posts', '/@joe/posts'],
  ['/articles/10-ways-to-win-in-2026', '/articles/10-ways-to-win-in-2026'],
  ['/v2/products/iphone-15-pro', '/v2/products/iphone-15-pro'],
  ['/deadbeef', '/deadbeef'],
  ['/a//b/', '/a//b/'],
  ['/#/orders/4711?token=abc', '/#/orders/{id}'],
  ['/shop#!/orders/4711', '/shop#!/orders/{id}'],
  ['/docs#chapter-2', '/docs'],
  ['/docs#access_token=abc', '/docs'],
])('%s is the page %s', (path, page) => {
  expect(pageOf(path)).toBe(page);
});

// @vitest-environment node
import { expect, test } from 'vitest';

import { init, Monlight } from './index.ts';

test('on a server a client does nothing', async () => {
  const client = init({ dsn: 'nonsense' });
  client.captureError(new Error('x'));
  client.counter('y');

  expect(client).toBeInstanceOf(Monlight);
  expect(await client.flush()).toBe(false);
  client.destroy();
});

import { expect, test } from 'vitest';

import * as names from './index.ts';
import { DSN, fakeRelay } from './testing/fake-relay.ts';

test('the public names are these', () => {
  fakeRelay();
  const client = names.init({ dsn: DSN });
  client.destroy();

  expect(Object.keys(names).sort()).toEqual(['Monlight', 'init']);
  expect(Object.keys(client).sort()).toEqual([
    'addBreadcrumb', 'addContext', 'captureError', 'captureMessage', 'counter', 'destroy', 'flush', 'gauge', 'histogram', 'setTag', 'setUser',
  ]);
});

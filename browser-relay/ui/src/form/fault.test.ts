import { expect, test } from 'vitest';

import { formFault } from './fault.ts';

const FIELDS = ['project', 'allowed_origins', 'rate_limit'];

test.each([
  ['allowed_origins: "x" is no origin: write …', 'allowed_origins', '"x" is no origin: write …'],
  ['rate_limit: must be at least 1', 'rate_limit', 'Must be at least 1'],
  ['Missing required field: project', 'project', 'It is missing.'],
  ['Missing required field: release', null, 'Missing required field: release'],
  ['the disk cannot be written; nothing was stored', null, 'The disk cannot be written; nothing was stored'],
])('%j is about %s', (detail, field, text) => {
  expect(formFault(new Error(detail), FIELDS)).toEqual({ field, text });
});

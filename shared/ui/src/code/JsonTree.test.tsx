import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, expect, test, vi } from 'vitest';

import { JsonTree } from './JsonTree.tsx';

afterEach(() => act(() => render(null, document.body)));

test('each single value can be acted on and knows the names that lead to it', async () => {
  const action = vi.fn((path: readonly string[]) => <button>{path.join('.')}</button>);

  await act(() => render(<JsonTree value={{ status: 500, user: { tags: ['a', null] } }} action={action} />, document.body));

  expect([...document.querySelectorAll('button')].map((one) => one.textContent)).toEqual(['status', 'user.tags.0', 'user.tags.1']);
  expect(action.mock.calls).toEqual([[['status'], 500], [['user', 'tags', '0'], 'a'], [['user', 'tags', '1'], null]]);
});

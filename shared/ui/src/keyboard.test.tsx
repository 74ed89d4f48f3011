import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startKeyboard, useKeys } from './keyboard.ts';

const pressed = vi.fn();
let stop: () => void;

function Page() {
  useKeys([{ keys: ['j', 'Enter'], label: 'Next', run: pressed }]);
  return (
    <>
      <input />
      <input type="checkbox" />
      <select />
      <a href="./">link</a>
    </>
  );
}

beforeEach(async () => {
  pressed.mockClear();
  stop = startKeyboard();
  await act(() => render(<Page />, document.body));
});
afterEach(() => {
  stop();
  render(null, document.body);
  document.body.replaceChildren();
});

function press(key: string, on = 'body', more: KeyboardEventInit = {}) {
  document.querySelector(on)?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
}

test('a bound key does what it is bound to', () => {
  press('j');
  expect(pressed).toHaveBeenCalledTimes(1);
});

test.each(['input', 'select'])('typing in a %s is typing', (field) => {
  press('j', field);
  expect(pressed).not.toHaveBeenCalled();
});

test('a checkbox is no place to type in', () => {
  press('j', '[type=checkbox]');
  expect(pressed).toHaveBeenCalledTimes(1);
});

test.each(['ctrlKey', 'metaKey', 'altKey'])('keys with %s belong to the browser', (modifier) => {
  press('j', 'body', { [modifier]: true });
  expect(pressed).not.toHaveBeenCalled();
});

test('Enter on a link follows the link', () => {
  press('Enter', 'a');
  expect(pressed).not.toHaveBeenCalled();
});

test('an open dialog has the keys to itself', () => {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('open', '');
  document.body.append(dialog);

  press('j');

  expect(pressed).not.toHaveBeenCalled();
  dialog.remove();
});

test('keys are free again when the page is gone', async () => {
  await act(() => render(null, document.body));
  press('j');
  expect(pressed).not.toHaveBeenCalled();
});

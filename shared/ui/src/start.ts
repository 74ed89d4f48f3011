// Starts a UI: what every page needs before its first component is drawn.
import './tokens.css';
import './base.css';

import { render, type ComponentChild } from 'preact';

import { startClock } from './clock.ts';
import { startKeyboard } from './keyboard.ts';
import { startRouter } from './router.ts';

/** Takes the place of the shell that came as HTML. */
export function startUi(app: ComponentChild): void {
  startRouter();
  startKeyboard();
  startClock();
  const place = document.getElementById('app');
  if (!place) return;
  place.replaceChildren();
  render(app, place);
}

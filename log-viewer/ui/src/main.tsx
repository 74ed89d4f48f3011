// Starts the log viewer's UI.
import '@monlight/ui/tokens.css';
import '@monlight/ui/base.css';

import { startClock } from '@monlight/ui/clock.ts';
import { startKeyboard } from '@monlight/ui/keyboard.ts';
import { startRouter } from '@monlight/ui/router.ts';
import { render } from 'preact';

import { loadAbout } from './about.ts';
import { App } from './App.tsx';

startRouter();
startKeyboard();
startClock();
void loadAbout();

const place = document.getElementById('app');
if (place) {
  place.replaceChildren();
  render(<App />, place);
}

// Starts the browser relay's UI.
import { startUi } from '@monlight/ui/start.ts';

import { loadAbout } from './about.ts';
import { App } from './App.tsx';

void loadAbout();
startUi(<App />);

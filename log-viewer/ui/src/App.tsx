// The frame: containers at the left, and the list or the surroundings of one line beside them.
import { helpOpen } from '@monlight/ui/dialog/HelpOverlay.tsx';
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { query } from '@monlight/ui/router.ts';
import { Shell } from '@monlight/ui/shell/Shell.tsx';
import { useEffect } from 'preact/hooks';

import { ContainerList } from './containers/ContainerList.tsx';
import { containerPoller } from './containers/containers.ts';
import { RangePicker } from './filters/RangePicker.tsx';
import { ListPage } from './lines/ListPage.tsx';
import { LiveState } from './live/LiveState.tsx';
import { toggleWrap } from './preferences.ts';
import './app.css';

const { Lazy: ContextPage, prefetch } = lazy(() => import('./context/ContextPage.tsx').then((module) => module.ContextPage));
const PREFETCH_AFTER_MS = 1000;

export function App() {
  useKeys([
    { keys: ['w'], label: 'Wrap long lines, or not', run: toggleWrap },
    { keys: ['?'], label: 'This help', run: () => (helpOpen.value = true) },
  ]);
  useEffect(() => {
    const timer = setTimeout(prefetch, PREFETCH_AFTER_MS);
    void containerPoller.ask();
    containerPoller.start();
    return () => {
      clearTimeout(timer);
      containerPoller.stop();
    };
  }, []);
  const id = shownEntry(query.value);
  const tools = id === null && (
    <>
      <LiveState />
      <RangePicker />
    </>
  );
  return (
    <Shell service="log-viewer" title="Log viewer" tools={tools}>
      <h1 class="visually-hidden">Logs</h1>
      <div class="frame">
        <ContainerList />
        {id === null ? <ListPage /> : <ContextPage key={id} id={id} />}
      </div>
    </Shell>
  );
}

/** The entry the address names; null shows the list. */
export function shownEntry(params: URLSearchParams): number | null {
  const text = params.get('entry') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

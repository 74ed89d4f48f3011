// Chooses between the list and one error, by the address.
import { Confirm } from '@monlight/ui/dialog/Confirm.tsx';
import { helpOpen } from '@monlight/ui/dialog/HelpOverlay.tsx';
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { query } from '@monlight/ui/router.ts';
import { Shell } from '@monlight/ui/shell/Shell.tsx';
import { useEffect } from 'preact/hooks';

import { LiveState } from './list/LiveState.tsx';
import { ListPage } from './list/ListPage.tsx';
import { RangePicker } from './list/RangePicker.tsx';

// The list is what is opened; one error's page is fetched while the list is read.
const { Lazy: DetailPage, prefetch } = lazy(() => import('./detail/DetailPage.tsx').then((module) => module.DetailPage));
const PREFETCH_AFTER_MS = 1000;

export function App() {
  useKeys([{ keys: ['?'], label: 'This help', run: () => (helpOpen.value = true) }]);
  useEffect(() => {
    const timer = setTimeout(prefetch, PREFETCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const id = shownError(query.value);
  const tools = id === null && (
    <>
      <LiveState />
      <RangePicker />
    </>
  );
  return (
    <Shell service="error-tracker" title="Error tracker" tools={tools}>
      {id === null ? <ListPage /> : <DetailPage key={id} id={id} />}
      <Confirm />
    </Shell>
  );
}

/** The error the address names; null shows the list. */
export function shownError(params: URLSearchParams): number | null {
  const text = params.get('error') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

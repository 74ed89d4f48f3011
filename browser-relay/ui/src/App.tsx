// Chooses among keys, source maps and the spool, by the address.
import { Confirm } from '@monlight/ui/dialog/Confirm.tsx';
import { helpOpen } from '@monlight/ui/dialog/HelpOverlay.tsx';
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { page } from '@monlight/ui/router.ts';
import { LiveState } from '@monlight/ui/shell/LiveState.tsx';
import { Shell } from '@monlight/ui/shell/Shell.tsx';
import { useEffect } from 'preact/hooks';

import { Footer } from './frame/Footer.tsx';
import { refreshNow } from './frame/refreshing.ts';
import { KeysPage, prefetchKeyDialogs } from './keys/KeysPage.tsx';

// The keys are what is opened; the rest is fetched while they are read.
const maps = lazy(() => import('./maps/MapsPage.tsx').then((module) => module.MapsPage));
const spool = lazy(() => import('./spool/SpoolPage.tsx').then((module) => module.SpoolPage));
const PREFETCH_AFTER_MS = 1000;

export function App() {
  useKeys([
    { keys: ['r'], label: 'Refresh', run: refreshNow },
    { keys: ['?'], label: 'This help', run: () => (helpOpen.value = true) },
  ]);
  useEffect(() => {
    const timer = setTimeout(() => {
      prefetchKeyDialogs();
      maps.prefetch();
      spool.prefetch();
    }, PREFETCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Shell
      service="browser-relay"
      title="Browser relay"
      keySetting="ADMIN_API_KEY"
      tools={<LiveState title="Asks again every few seconds. Click to ask now." again={refreshNow} />}
    >
      <Page name={page.value} />
      <Footer />
      <Confirm />
    </Shell>
  );
}

function Page({ name }: { name: string }) {
  if (name === 'source-maps') return <maps.Lazy />;
  if (name === 'spool') return <spool.Lazy />;
  return <KeysPage />;
}

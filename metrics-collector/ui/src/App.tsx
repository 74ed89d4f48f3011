// Chooses between the overview and the explorer, by the address.
import { helpOpen } from '@monlight/ui/dialog/HelpOverlay.tsx';
import { lazy } from '@monlight/ui/feedback/Lazy.tsx';
import { useKeys } from '@monlight/ui/keyboard.ts';
import { page } from '@monlight/ui/router.ts';
import { Shell } from '@monlight/ui/shell/Shell.tsx';
import { useEffect } from 'preact/hooks';

import { OverviewPage } from './overview/OverviewPage.tsx';
import { RangeTools } from './range/RangeTools.tsx';

const { Lazy: ExplorePage, prefetch } = lazy(() => import('./explore/ExplorePage.tsx').then((module) => module.ExplorePage));
const PREFETCH_AFTER_MS = 1000;

export function App() {
  useKeys([{ keys: ['?'], label: 'This help', run: () => (helpOpen.value = true) }]);
  useEffect(() => {
    const timer = setTimeout(prefetch, PREFETCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Shell service="metrics-collector" title="Metrics collector" tools={<RangeTools />}>
      {page.value === 'explore' ? <ExplorePage /> : <OverviewPage />}
    </Shell>
  );
}

// Under the product bar: which page, and what it is narrowed to.
import { Tabs } from '@monlight/ui/filters/Tabs.tsx';
import { linkTo, page } from '@monlight/ui/router.ts';
import '@monlight/ui/shell/page-bar.css';
import type { ComponentChildren } from 'preact';

import { SpoolMark } from '../spool/SpoolMark.tsx';

export function PageBar({ children }: { children?: ComponentChildren }) {
  const shown = page.value;
  const isKeys = shown !== 'source-maps' && shown !== 'spool';
  return (
    <div class="page-bar">
      <Tabs
        label="Pages"
        tabs={[
          { label: 'DSN keys', address: linkTo({}), current: isKeys },
          { label: 'Source maps', address: linkTo({}, 'source-maps'), current: shown === 'source-maps' },
          { label: 'Spool', address: linkTo({}, 'spool'), current: shown === 'spool', mark: <SpoolMark /> },
        ]}
      />
      {children}
    </div>
  );
}

// A row of choices of which one is taken, as links, so that each has an address.
import type { ComponentChildren } from 'preact';

import './filters.css';

export interface Tab {
  label: string;
  address: string;
  current: boolean;
  /** What is to be noticed of it, behind the label. */
  mark?: ComponentChildren;
}

export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.label} href={tab.address} aria-current={tab.current ? 'true' : undefined}>
          {tab.label}
          {tab.mark}
        </a>
      ))}
    </nav>
  );
}

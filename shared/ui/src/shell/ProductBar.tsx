// The bar at the top: the four services, the page's tools, theme and time zone.
import type { ComponentChildren } from 'preact';

import { helpOpen } from '../dialog/HelpOverlay.tsx';
import { theme, zone, type Theme } from '../preferences.ts';
import { linkTo } from '../router.ts';
import { safeUrl } from '../safe-url.ts';
import { SERVICES, serviceLinks, type Service, type ServiceName } from './services.ts';

const NEXT_THEME: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };

export function ProductBar({ service, tools }: { service: ServiceName; tools?: ComponentChildren }) {
  return (
    <header class="product-bar">
      <span class="product-name">Monlight</span>
      <nav class="services" aria-label="Services">
        {SERVICES.map((one) => (
          <ServiceEntry key={one.name} entry={one} current={one.name === service} />
        ))}
      </nav>
      <div class="tools">
        {tools}
        <button
          class="button quiet small"
          title="Times in local time or in UTC"
          onClick={() => (zone.value = zone.value === 'local' ? 'utc' : 'local')}
        >
          {zone.value === 'local' ? 'Local' : 'UTC'}
        </button>
        <button
          class="button quiet small theme-switch"
          title={`Theme: ${theme.value}`}
          aria-label={`Theme: ${theme.value}`}
          onClick={() => (theme.value = NEXT_THEME[theme.value])}
        >
          <ThemeIcon theme={theme.value} />
        </button>
        <button class="button quiet small help-button" title="Keyboard help" aria-label="Keyboard help" onClick={() => (helpOpen.value = true)}>
          ?
        </button>
      </div>
    </header>
  );
}

function ServiceEntry({ entry, current }: { entry: Service; current: boolean }) {
  if (current) {
    return (
      <a href={linkTo({})} aria-current="page">
        {entry.label}
      </a>
    );
  }
  const address = safeUrl(serviceLinks.value[entry.link]);
  if (address) return <a href={address}>{entry.label}</a>;
  return <span title={`To link to it, set ${entry.link.toUpperCase()}_URL`}>{entry.label}</span>;
}

function ThemeIcon({ theme: chosen }: { theme: Theme }) {
  return (
    <svg width="14" height="14" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" fill={chosen === 'dark' ? 'currentColor' : 'none'} stroke="currentColor" stroke-width="1.5" />
      {chosen === 'auto' && <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />}
    </svg>
  );
}

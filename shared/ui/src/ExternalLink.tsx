// An address from elsewhere: a link when it is safe to follow, plain text otherwise.
import type { ComponentChildren } from 'preact';

import { safeUrl } from './safe-url.ts';

export function ExternalLink({ href, children }: { href: string; children?: ComponentChildren }) {
  const url = safeUrl(href);
  if (url === null) return <>{children ?? href}</>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {children ?? href}
    </a>
  );
}

// What the service says about itself.
import { binaryText, exactNumber } from '@monlight/ui/number.ts';
import { PageFooter } from '@monlight/ui/shell/PageFooter.tsx';

import { about } from '../about.ts';

export function Footer() {
  const facts = about.value;
  if (!facts) return null;
  return (
    <PageFooter>
      <span>
        {facts.service} {facts.version}
      </span>
      <span>{exactNumber(facts.rate_limit)} requests a minute per key and client</span>
      <span>source maps up to {binaryText(facts.max_source_map_bytes)}</span>
      <span>kept {facts.retention_days} days after their last use</span>
    </PageFooter>
  );
}

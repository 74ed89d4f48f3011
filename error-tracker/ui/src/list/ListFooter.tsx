// What the service says about itself, a test of its alerts, and the way out.
import { showFault, showToast } from '@monlight/ui/feedback/toast.ts';
import { PageFooter } from '@monlight/ui/shell/PageFooter.tsx';

import { about } from '../about.ts';
import { sendTestAlert } from '../errors-api.ts';

export function ListFooter() {
  const facts = about.value;
  if (!facts) return null;
  const channels = facts.alert_channels;
  return (
    <PageFooter>
      <span>
        {facts.service} {facts.version}
      </span>
      <span>resolved errors kept {facts.retention_days} days</span>
      <span>
        {channels.length === 0 ? 'no alerts set up' : `alerts by ${channels.join(', ')}`}
        {channels.length > 0 && (
          <button class="link-button" onClick={() => void testAlert()}>
            Send a test
          </button>
        )}
      </span>
    </PageFooter>
  );
}

async function testAlert(): Promise<void> {
  try {
    const { results } = await sendTestAlert();
    const faults = results.filter((one) => !one.ok);
    const text = results.map((one) => (one.ok ? `${one.channel}: sent` : `${one.channel}: ${one.detail ?? 'failed'}`)).join(' · ');
    showToast(text, undefined, faults.length > 0 ? 'fault' : 'done');
  } catch (error) {
    showFault(error);
  }
}

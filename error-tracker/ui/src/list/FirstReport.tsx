// Shows how to send the first report, and waits for it.
import { Snippet } from '@monlight/ui/code/Snippet.tsx';

import { curlSnippet, pythonSnippet } from './snippets.ts';
import './first-report.css';

export function FirstReport() {
  const address = new URL('api/errors', location.href).href;
  return (
    <div class="first-report">
      <h2>
        <i class="live-dot" /> Waiting for the first report
      </h2>
      <p class="muted">Send one with either of these, with your key in the variable API_KEY. This page turns over by itself.</p>
      <Snippet label="Shell" text={curlSnippet(address)} />
      <Snippet label="Python" text={pythonSnippet(address)} />
    </div>
  );
}

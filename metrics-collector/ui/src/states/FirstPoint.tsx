// Nothing has come in yet: how to send the first point, ready to paste.
import { Snippet } from '@monlight/ui/code/Snippet.tsx';

import { about } from '../about.ts';
import { curlSnippet, pythonSnippet, scriptSnippet } from './snippets.ts';
import './states.css';

export function FirstPoint() {
  const address = new URL('api/metrics', location.href).href;
  const relay = about.value?.links['browser_relay'] ?? null;
  return (
    <div class="first-point">
      <h1>
        <i class="live-dot" /> Waiting for the first data point
      </h1>
      <p class="muted">Send one with either of these, with your key in the variable API_KEY. This page turns over by itself.</p>
      <Snippet label="Shell" text={curlSnippet(address)} />
      <Snippet label="Python" text={pythonSnippet(address)} />
      <p class="muted">
        Pages in a browser must not hold the key: they send through the browser relay, which hands out a key of its own for each project. Once
        a page loads its script, Web Vitals come by themselves, and metrics of your own with one line:
      </p>
      <Snippet label="JavaScript" text={scriptSnippet(relay)} />
    </div>
  );
}

// The line for build scripts, under a list that has maps already.
import { Snippet } from '@monlight/ui/code/Snippet.tsx';
import { query } from '@monlight/ui/router.ts';

import { about } from '../about.ts';
import { relayAddress } from '../relay-address.ts';
import { uploadSnippet } from './snippets.ts';

export function BuildLine() {
  const params = query.value;
  const labels = { project: params.get('project'), release: params.get('release') };
  return (
    <details class="build-line">
      <summary>Upload from a build script</summary>
      <Snippet label="Shell" text={uploadSnippet(relayAddress(about.value?.public_url ?? null, location.href), labels)} />
    </details>
  );
}

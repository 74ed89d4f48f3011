// No source map to show, and why.
import { Snippet } from '@monlight/ui/code/Snippet.tsx';
import { linkWith, query } from '@monlight/ui/router.ts';

import { about } from '../about.ts';
import { relayAddress } from '../relay-address.ts';
import { uploadSnippet } from './snippets.ts';
import { uploading } from './maps-model.ts';

export function NoMaps() {
  const params = query.value;
  const project = params.get('project');
  const release = params.get('release');
  const snippet = uploadSnippet(relayAddress(about.value?.public_url ?? null, location.href), { project, release });
  if (project !== null || release !== null) {
    return (
      <div class="first-steps">
        <h2>Nothing matches</h2>
        <p class="muted">
          No source map of {project !== null && `the project “${project}”`}
          {project !== null && release !== null && ' and '}
          {release !== null && `the release “${release}”`}. Names are compared as a whole.
        </p>
        <p>
          <a class="button" href={linkWith({ project: null, release: null })}>
            Clear the filters
          </a>
        </p>
        <Snippet label="To upload one from a shell" text={snippet} />
      </div>
    );
  }
  return (
    <div class="first-steps">
      <h2>Give stacks their names back</h2>
      <p class="muted">
        Scripts are minified, and so are the stacks that browsers report. With the source map of a script, the error tracker shows functions,
        files and lines as you wrote them, with the code around. Upload the maps in your build, one for each script; they are not public.
      </p>
      <Snippet label="In a build script" text={snippet} />
      <p class="muted">
        A stack finds its map by the script’s debug id, or by project, release and path of the script: then the pages have to report the same{' '}
        <code>release</code>.
      </p>
      <p>
        <button class="button" onClick={() => (uploading.value = true)}>
          Upload one by hand
        </button>
      </p>
    </div>
  );
}

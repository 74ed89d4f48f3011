// A line for build scripts.

export interface Labels {
  project: string | null;
  release: string | null;
}

export function uploadSnippet(relay: string, { project, release }: Labels): string {
  return `curl --fail-with-body '${relay}/api/source-maps' \\
  -H "X-API-Key: $ADMIN_API_KEY" \\
  -F project=${quoted(project ?? 'shop')} -F ${release === null ? 'release="$RELEASE"' : `release=${quoted(release)}`} \\
  -F file_url='~/assets/app.js' -F map_content=@dist/assets/app.js.map
`;
}

/** As one word of a shell. */
function quoted(text: string): string {
  return /^[\w.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

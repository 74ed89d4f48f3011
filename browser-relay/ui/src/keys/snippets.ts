// Lines to paste: into a page, and into a shell.

/** A script that reports errors and needs nothing else. */
export function pageSnippet(relay: string, key: string): string {
  return `<script>
  addEventListener('error', ({ error, message }) => navigator.sendBeacon(
    '${relay}/api/browser/errors?key=${key}',
    JSON.stringify({
      type: error?.name,
      message: error?.message ?? message,
      stack: error?.stack,
      url: location.href,
    })))
</script>
`;
}

export function createSnippet(relay: string): string {
  return `curl --fail-with-body '${relay}/api/dsn-keys' \\
  -H "X-API-Key: $ADMIN_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"project": "shop", "allowed_origins": ["https://shop.example.com"]}'
`;
}

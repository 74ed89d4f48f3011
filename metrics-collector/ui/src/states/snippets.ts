// Lines that send a first point, ready to paste.

export function curlSnippet(address: string): string {
  return `curl -X POST '${address}' \\
  -H "X-API-Key: $API_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"metrics": [{"project": "shop", "name": "orders_total", "type": "counter", "value": 1,
       "labels": {"country": "NL"}}]}'
`;
}

export function pythonSnippet(address: string): string {
  return `import json, os, time, urllib.request

start = time.perf_counter()
sum(range(1_000_000))
point = {
    "project": "shop",
    "name": "job_duration_seconds",
    "type": "histogram",
    "value": time.perf_counter() - start,
    "labels": {"job": "sum"},
}
urllib.request.urlopen(urllib.request.Request(
    "${address}",
    data=json.dumps({"metrics": [point]}).encode(),
    headers={"X-API-Key": os.environ["API_KEY"], "Content-Type": "application/json"},
))
`;
}

export function scriptSnippet(relay: string | null): string {
  const at = (relay ?? 'https://your-domain.example/browser-relay').replace(/\/$/, '').replace('://', '://KEY@');
  return `import { Monlight } from '@monlight/browser';

const monitor = new Monlight({ dsn: '${at}' });
monitor.counter('orders_total', 1, { country: 'NL' });
`;
}

// Lines that send a first report, ready to paste.

export function curlSnippet(address: string): string {
  return `curl -X POST '${address}' \\
  -H "X-API-Key: $API_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"project": "shop", "exception_type": "KeyError", "message": "7",
       "traceback": "  File \\"/srv/shop/cart.py\\", line 31, in total\\nKeyError: 7"}'
`;
}

export function pythonSnippet(address: string): string {
  return `import json, os, traceback, urllib.request

try:
    {}["price"]
except Exception as error:
    report = {
        "project": "shop",
        "environment": "dev",
        "exception_type": type(error).__name__,
        "message": str(error),
        "traceback": traceback.format_exc(),
    }
    urllib.request.urlopen(urllib.request.Request(
        "${address}",
        data=json.dumps(report).encode(),
        headers={"X-API-Key": os.environ["API_KEY"], "Content-Type": "application/json"},
    ))
`;
}

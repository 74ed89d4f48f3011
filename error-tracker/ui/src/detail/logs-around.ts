// The address of the logs around a moment.

const AROUND_MS = 30_000;

export function logsAround(logViewer: string | null | undefined, timestamp: string): string | null {
  const at = Date.parse(timestamp);
  if (!logViewer || Number.isNaN(at)) return null;
  const since = new Date(at - AROUND_MS).toISOString();
  const until = new Date(at + AROUND_MS).toISOString();
  return `${logViewer.replace(/\/+$/, '')}/?${new URLSearchParams({ since, until })}`;
}

// An error as Markdown, for an issue or a chat.
import type { ErrorDetail, Occurrence } from '../wire.ts';

export function asMarkdown(detail: ErrorDetail, occurrence: Occurrence | null, address: string): string {
  const message = occurrence?.message ?? detail.message;
  const traceback = (occurrence?.traceback ?? detail.traceback).trimEnd();
  const facts: [string, string | null | undefined][] = [
    ['Project', detail.project],
    ['Environment', occurrence?.environment ?? detail.environment],
    ['Release', occurrence?.release ?? detail.release],
    ['Reports', String(detail.count)],
    ['First seen', detail.first_seen],
    ['Last seen', detail.last_seen],
    ['Request', requestLine(occurrence)],
    ['Trace', occurrence?.trace_id],
    ['Address', address],
  ];
  const lines = facts.filter(([, value]) => value).map(([name, value]) => `- ${name}: ${value}`);
  return [
    `### ${detail.exception_type}`,
    fenced(message),
    lines.join('\n'),
    ...(traceback === '' ? [] : [fenced(traceback)]),
    '',
  ].join('\n\n');
}

/** A fence longer than any the text contains, so that the text cannot end it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function requestLine(occurrence: Occurrence | null): string | null {
  if (!occurrence?.request_url) return null;
  return `${occurrence.request_method ?? 'GET'} ${occurrence.request_url}`;
}

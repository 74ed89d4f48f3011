// What an allowed origin means, line by line while it is typed. The service decides; this only helps.

export interface Hint {
  line: string;
  ok: boolean;
  text: string;
  /** What was probably meant. */
  instead?: string;
}

/** The origins of a text with one in each line. */
export function originsOf(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export function hintsOf(text: string): Hint[] {
  return originsOf(text).map((line) => ({ line, ...hintOf(line) }));
}

const PARTS = /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[^/?#:]*)(?::(\d{1,5}))?([/?#].*)?$/i;
const USUAL_PORTS: Record<string, string> = { http: '80', https: '443' };

function hintOf(line: string): Omit<Hint, 'line'> {
  if (line === 'null') return { ok: true, text: 'pages without an origin: files, sandboxed frames' };
  if (line === '*') return { ok: false, text: 'leave the field empty instead of allowing every host' };
  if (!line.includes('://')) {
    const instead = `https://${line.replace(/^\/+/, '')}`;
    return { ok: false, text: 'the scheme is missing', ...(PARTS.test(instead) && { instead: withoutPath(instead) }) };
  }
  const parts = PARTS.exec(line);
  if (!parts) return { ok: false, text: 'not scheme, host and port' };
  const [, scheme = '', host = '', port, rest] = parts;
  if (host === '' || !/^(\[.*\]|[\w.*-]+)$/.test(host)) return { ok: false, text: 'the host is not one' };
  if (host === '*') return { ok: false, text: 'a * stands for a part of the host, not for all of it' };
  if (host.split('*').length > 2) return { ok: false, text: 'one * is enough' };
  if (rest !== undefined && rest !== '/') return { ok: false, text: 'an origin ends before the path', instead: withoutPath(line) };
  const usual = port === undefined || port === USUAL_PORTS[scheme.toLowerCase()];
  return { ok: true, text: meaning(host.toLowerCase(), scheme.toLowerCase(), usual ? null : port) };
}

function meaning(host: string, scheme: string, port: string | null): string {
  const [before = '', after] = host.split('*');
  const at = `${scheme}${port === null ? '' : `, port ${port}`}`;
  if (after === undefined) return `only ${host}, by ${at}`;
  if (before === '' && after.startsWith('.')) return `every host below ${after.slice(1)}, not ${after.slice(1)} itself, by ${at}`;
  return `hosts such as ${before}x${after}, by ${at}`;
}

function withoutPath(line: string): string {
  const [, scheme = '', host = '', port] = PARTS.exec(line) ?? [];
  return `${scheme}://${host}${port === undefined ? '' : `:${port}`}`;
}

/** The text with a line put right. */
export function replaceLine(text: string, line: string, instead: string): string {
  return originsOf(text)
    .map((one) => (one === line ? instead : one))
    .join('\n');
}

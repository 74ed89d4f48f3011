// Which unit a metric is in, by the names that Prometheus made common, and its values as text.
import { bytesText, exactNumber, shortNumber, significant } from '@monlight/ui/number.ts';

export type Unit = 'plain' | 'seconds' | 'milliseconds' | 'bytes' | 'share' | 'limit' | 'per second' | 'bytes per second';

const NARROW_SPACE = '\u202f';
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** The unit of a metric's own values. */
export function unitOfMetric(name: string): Unit {
  const base = name.replace(/_total$/, '');
  if (base.endsWith('_seconds') || base === 'page_load_time_seconds') return 'seconds';
  if (base.endsWith('_ms') || /^web_vitals_(lcp|inp|fcp|ttfb|fid)$/.test(base) || base === 'page_load_time') return 'milliseconds';
  if (base.endsWith('_bytes')) return 'bytes';
  return base.endsWith('_ratio') ? 'share' : 'plain';
}

/** "231 ms", "1.4 GB", "12.4/s": short enough for an axis. */
export function asText(value: number, unit: Unit): string {
  switch (unit) {
    case 'seconds':
      return secondsText(value);
    case 'milliseconds':
      return secondsText(value / 1000);
    case 'bytes':
      return bytesText(value);
    case 'bytes per second':
      return `${bytesText(value)}/s`;
    case 'per second':
      return `${numberText(value)}/s`;
    case 'share':
    case 'limit':
      return `${significant(value * 100, 3)}${NARROW_SPACE}%`;
    case 'plain':
      return numberText(value);
  }
}

/** The whole number behind a short text, for its title. */
export function asExactText(value: number, unit: Unit): string {
  const words: Record<Unit, string> = {
    plain: '',
    seconds: ' s',
    milliseconds: ' ms',
    bytes: ' bytes',
    'bytes per second': ' bytes per second',
    'per second': ' per second',
    share: ' of 1',
    limit: ' of the limit',
  };
  const [whole = '', fraction] = significant(Math.abs(value), 12).split('.');
  return `${value < 0 ? '−' : ''}${exactNumber(Number(whole))}${fraction ? `.${fraction}` : ''}${words[unit]}`;
}

/** "+12 %", "−3 %"; null when there is nothing to compare with. */
export function changeText(value: number | null, before: number | null): string | null {
  if (value === null || before === null || before === 0) return null;
  const percent = (value / before - 1) * 100;
  const text = significant(Math.abs(percent), percent > 1000 ? 2 : Math.abs(percent) < 10 ? 2 : 3);
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent) < 0.05 ? '0' : text}${NARROW_SPACE}%`;
}

function numberText(value: number): string {
  return Math.abs(value) < 1000 ? significant(value, 3) : shortNumber(Math.round(value));
}

function secondsText(seconds: number): string {
  const size = Math.abs(seconds);
  const [value, name] =
    size === 0 ? [0, 's']
    : size < 0.001 ? [seconds * 1e6, 'µs']
    : size < 1 ? [seconds * 1000, 'ms']
    : size < MINUTE_S ? [seconds, 's']
    : size < HOUR_S ? [seconds / MINUTE_S, 'min']
    : size < DAY_S ? [seconds / HOUR_S, 'h']
    : [seconds / DAY_S, 'd'];
  return `${significant(value, 3)}${NARROW_SPACE}${name}`;
}

// A moment: relative text, absolute on hover in both zones.
import { now } from './clock.ts';
import { zone } from './preferences.ts';
import { absoluteTime, relativeTime } from './time.ts';

export function Time({ at, absolute = false }: { at: string; absolute?: boolean }) {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <span>{at}</span>;
  const exact = absoluteTime(ms, zone.value);
  const other = absoluteTime(ms, zone.value === 'utc' ? 'local' : 'utc');
  const relative = relativeTime(ms, now.value, zone.value);
  return (
    <time dateTime={at} title={absolute ? `${relative}\n${other}` : `${exact}\n${other}`}>
      {absolute ? exact : relative}
    </time>
  );
}

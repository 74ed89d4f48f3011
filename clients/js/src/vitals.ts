// Web Vitals, by the rules of the `web-vitals` library, with one observer for all of them.
//
// A view of the page is a load or a return from the back/forward cache. What may still grow, CLS and INP, is told at each
// hide under the same id.
import { later } from './attempt.ts';
import type { Attached } from './listen.ts';
import { currentAddress } from './page.ts';
import { uuid } from './session.ts';

/** Tells a value of a view; `id` is the same for all values of one vital in one view. */
type Report = (name: string, value: number, id: string, address: string) => void;

interface Entry extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly interactionId?: number;
  readonly processingStart: number;
}

const MOST_INTERACTIONS = 10;
/** An interaction that was too fast to have an entry. */
const FAST_MS = 8;
/** For what cannot be more precise. */
const INTERACTION_MS = 40;

/** Returns what is to be called when the page is hidden. */
export function watchVitals(attached: Attached, tell: Report): () => void {
  const clock = performance;
  // Browsers know more of these than the types do.
  const doc = document as Document & { prerendering?: boolean };
  const interactionCount = () => (clock as { interactionCount?: number }).interactionCount || 0;

  // Made with the first report: a start is to be short.
  let view = '';
  let address: string;
  let isRestored = false;
  let activation = 0;
  let firstHidden = Infinity;
  let lcp: number | undefined;
  let isLcpFinal = false;
  let hasPainted = false;
  let cls = 0;
  let shifts = 0;
  let firstShift = 0;
  let lastShift = 0;
  let interactions: { _id: number; _ms: number }[] = [];
  let interactionsBefore = 0;
  let told: Record<string, number> = {};
  let observer: PerformanceObserver | undefined;

  const report = (name: string, value: number) => {
    if (told[name] !== value) tell(name, (told[name] = value), `${(view ||= uuid())}-${name}`, address);
  };
  const vital = (name: string, value: number) => report('web_vitals_' + name, value);
  const sinceStart = (time: number) => Math.max(time - activation, 0);

  const finishLcp = () => {
    isLcpFinal = true;
    if (lcp !== undefined) vital('lcp', lcp);
  };

  const interact = ({ interactionId, duration }: Entry) => {
    if (!interactionId) return;
    const known = interactions.find((one) => one._id == interactionId);
    if (known) known._ms = Math.max(known._ms, duration);
    else interactions.push({ _id: interactionId, _ms: duration });
    interactions = interactions.sort((one, other) => other._ms - one._ms).slice(0, MOST_INTERACTIONS);
  };

  const shift = ({ hadRecentInput, startTime, value }: Entry) => {
    if (hadRecentInput) return;
    if (!shifts || startTime - lastShift >= 1000 || startTime - firstShift >= 5000) {
      shifts = 0;
      firstShift = startTime;
    }
    lastShift = startTime;
    shifts += value;
    cls = Math.max(cls, shifts);
  };

  const take = (entries: PerformanceEntry[]) => {
    for (const entry of entries as Entry[]) {
      const { entryType, startTime } = entry;
      const wasSeen = startTime < firstHidden;
      if (entryType == 'paint') {
        if (entry.name == 'first-contentful-paint' && wasSeen) {
          hasPainted = true;
          vital('fcp', sinceStart(startTime));
        }
      } else if (entryType == 'largest-contentful-paint') {
        if (wasSeen && !isLcpFinal) lcp = sinceStart(startTime);
      } else if (entryType == 'layout-shift') {
        shift(entry);
      } else {
        if (entryType == 'first-input' && wasSeen) vital('fid', entry.processingStart - startTime);
        interact(entry);
      }
    }
  };

  const hide = () => {
    firstHidden = Math.min(firstHidden, clock.now());
    if (observer) take(observer.takeRecords());
    finishLcp();
    if (hasPainted) vital('cls', cls);
    const count = interactionCount() - interactionsBefore;
    const slow = interactions[Math.min(interactions.length - 1, (count / 50) | 0)];
    if (slow) vital('inp', slow._ms);
    else if (isRestored && count) vital('inp', FAST_MS);
  };

  const navigation = () => clock.getEntriesByType('navigation')[0] as PerformanceNavigationTiming & { activationStart?: number };
  const loaded = () =>
    later(() => {
      const { responseStart, loadEventEnd } = navigation();
      if (responseStart) vital('ttfb', sinceStart(responseStart));
      if (loadEventEnd) report('page_load_time', sinceStart(loadEventEnd));
    });

  const start = () => {
    activation = navigation().activationStart || 0;
    // The script may be late: the page may have been hidden before.
    const hidden = clock.getEntriesByType('visibility-state').find(({ name, startTime }) => name == 'hidden' && startTime >= activation);
    firstHidden = hidden?.startTime ?? (doc.hidden ? 0 : Infinity);
    address = currentAddress();
    const made = new PerformanceObserver((list) => take(list.getEntries()));
    for (const type of ['paint', 'largest-contentful-paint', 'layout-shift', 'event', 'first-input']) {
      if (PerformanceObserver.supportedEntryTypes.includes(type)) made.observe({ type, buffered: true, durationThreshold: INTERACTION_MS } as PerformanceObserverInit);
    }
    observer = made;
    attached._add(() => made.disconnect());
    if (doc.readyState == 'complete') loaded();
    else attached._listen(window, 'load', loaded);
  };

  for (const type of ['keydown', 'click']) {
    attached._listen(window, type, ({ isTrusted }) => isTrusted && later(finishLcp));
  }
  attached._listen(window, 'pageshow', ({ persisted, timeStamp }) => {
    if (!persisted) return;
    view = '';
    address = currentAddress();
    isRestored = isLcpFinal = true;
    lcp = undefined;
    told = {};
    cls = shifts = 0;
    interactions = [];
    interactionsBefore = interactionCount();
    later(() => (firstHidden = doc.hidden ? 0 : Infinity));
    vital('ttfb', 0);
    // After the next frame it is on the screen.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        hasPainted = true;
        const painted = clock.now() - timeStamp;
        vital('fcp', painted);
        lcp = painted;
        finishLcp();
      }),
    );
  });
  if (doc.prerendering) attached._listen(document, 'prerenderingchange', start);
  else start();
  return hide;
}

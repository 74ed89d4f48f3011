// What the large panels of the overview draw, out of the dashboard's answer.
import type { LinesView } from '@monlight/ui/chart/lines.ts';

import { gridOf, latestOf, place, placeEarlier, shiftOf, type Filling, type Grid } from '../grid.ts';
import { asText, type Unit } from '../units/unit.ts';
import { coarserGrid, coarserValues, sizeFor } from './coarser.ts';
import { CORE, vitalText } from '../vitals/vitals.ts';
import type { Dashboard, RequestMoment, VitalMoment } from '../wire.ts';

export interface PanelLine {
  label: string;
  tone: string;
  values: (number | null)[];
  ghost: (number | null)[] | undefined;
  /** What the legend shows while nothing is pointed at, and the same of the previous period. */
  overall: number | null;
  overallBefore: number | null;
  /** A drawn value as text, where the axis is in another unit. */
  read?: (drawn: number) => string;
}

export interface PanelView {
  grid: Grid;
  lines: PanelLine[];
  unit: Unit;
  /** What the legend's values are while nothing is pointed at. */
  overallWords: string;
  empty: boolean;
  limit?: number;
}

type Row = { bucket: string };

export interface Answers {
  now: Dashboard;
  before: Dashboard | null;
  at: number;
}

export const gridOfAnswers = ({ now, at }: Answers): Grid => gridOf(now, at);

export function rateView(answers: Answers, compare: boolean, grid: Grid): PanelView {
  const line = requestLine(answers, compare, grid, 'Requests', '--series-1', (row) => row.rate, 'zero');
  const perSecond = (dashboard: Dashboard | null) => (dashboard ? (totalOf(dashboard, 'count') / lengthMs(dashboard)) * 1000 : null);
  return {
    ...requestPanel(answers, grid, 'per second', 'average'),
    lines: [{ ...line, overall: perSecond(answers.now), overallBefore: perSecond(answers.before) }],
  };
}

export function errorView(answers: Answers, compare: boolean, grid: Grid): PanelView {
  const line = requestLine(answers, compare, grid, 'Errors', '--series-5', (row) => (row.count === 0 ? null : row.error_rate));
  const share = (dashboard: Dashboard | null) => {
    const requests = dashboard ? totalOf(dashboard, 'count') : 0;
    return dashboard && requests > 0 ? totalOf(dashboard, 'errors') / requests : null;
  };
  return {
    ...requestPanel(answers, grid, 'share', 'of all requests'),
    lines: [{ ...line, overall: share(answers.now), overallBefore: share(answers.before) }],
  };
}

export function latencyView(answers: Answers, compare: boolean, grid: Grid): PanelView {
  const names = ['p50', 'p95', 'p99'] as const;
  const tones = ['--series-4', '--series-1', '--series-3'];
  const lines = names.map((name, at) => {
    const line = requestLine(answers, compare, grid, name, tones[at] ?? '', (row) => row[name]);
    return { ...line, overall: latestOf(line.values, grid.runningFrom), overallBefore: latestOf(line.ghost ?? [], grid.runningFrom) };
  });
  const empty = lines.every(({ values }) => values.every((value) => value === null));
  return { ...requestPanel(answers, grid, 'seconds', 'latest'), lines, empty };
}

// Pages are viewed far less often than requests are made: by the minute their p75 is mostly chance.
const VITALS_BUCKETS = 72;

/** Each vital as a share of its limit of good, so that three of them fit on one axis. */
export function vitalsView({ now, before }: Answers, compare: boolean, fineGrid: Grid): PanelView {
  const size = sizeFor(fineGrid, VITALS_BUCKETS);
  const grid = coarserGrid(fineGrid, size);
  const tones = ['--series-1', '--series-2', '--series-4'];
  const present = CORE.filter(({ name }) => now.web_vitals.summary[name]);
  const lines = present.map((kind): PanelLine => {
    const [good] = kind.limits;
    const drawn = (row: VitalMoment) => (row[kind.name] == null ? null : row[kind.name]! / good);
    const share = (dashboard: Dashboard | null) => {
      const p75 = dashboard?.web_vitals.summary[kind.name]?.p75;
      return p75 === undefined ? null : p75 / good;
    };
    const ghost = ghostOf(before, compare, fineGrid, (dashboard) => dashboard.web_vitals.timeseries, drawn);
    return {
      label: kind.short,
      tone: tones[CORE.indexOf(kind)] ?? '',
      values: coarserValues(place(fineGrid, now.web_vitals.timeseries, drawn), size),
      ghost: ghost && coarserValues(ghost, size),
      overall: share(now),
      overallBefore: share(before),
      read: (drawn) => vitalText(kind, drawn * good),
    };
  });
  return { grid, lines, unit: 'limit', overallWords: 'p75 of all', empty: lines.length === 0, limit: 1 };
}

/** A value of a line as the legend shows it. */
export function readingOf({ read }: PanelLine, value: number | null, unit: Unit): string {
  if (value === null) return '–';
  return read ? read(value) : asText(value, unit);
}

export function asLines({ grid, lines, limit }: PanelView): LinesView {
  const { times, from, to, runningFrom } = grid;
  return { times, from, to, runningFrom, limit, lines: lines.map(({ label, tone, values, ghost }) => ({ label, tone, values, ghost })) };
}

function requestPanel({ now }: Answers, grid: Grid, unit: Unit, overallWords: string) {
  return { grid, unit, overallWords, empty: now.requests.timeseries.length === 0 };
}

function requestLine(
  { now, before }: Answers,
  compare: boolean,
  grid: Grid,
  label: string,
  tone: string,
  valueOf: (row: RequestMoment) => number | null,
  filling: Filling = 'gap',
) {
  return {
    label,
    tone,
    values: place(grid, now.requests.timeseries, valueOf, filling),
    ghost: ghostOf(before, compare, grid, (dashboard) => dashboard.requests.timeseries, valueOf, filling),
  };
}

function ghostOf<R extends Row>(
  before: Dashboard | null,
  compare: boolean,
  grid: Grid,
  rowsOf: (dashboard: Dashboard) => R[],
  valueOf: (row: R) => number | null,
  filling: Filling = 'gap',
): (number | null)[] | undefined {
  if (!before || !compare) return undefined;
  return placeEarlier(grid, rowsOf(before), { resolution: before.resolution, shift: shiftOf(grid) }, valueOf, filling);
}

function totalOf(dashboard: Dashboard, what: 'count' | 'errors'): number {
  return dashboard.requests.timeseries.reduce((total, row) => total + row[what], 0);
}

const lengthMs = ({ from, to }: Dashboard) => Date.parse(to) - Date.parse(from);

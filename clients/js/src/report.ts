// An error as the relay takes it, and what a thrown value says about itself.
import { attempt } from './attempt.ts';

export interface ErrorReport {
  type: string;
  message: string;
  stack: string;
  url: string;
  user_agent: string;
  session_id: string;
  release?: string | undefined;
  environment?: string | undefined;
  /** Milliseconds since the epoch. */
  timestamp: number;
  context: Record<string, unknown>;
  breadcrumbs: unknown[];
  event_id: string;
  debug_meta?: { images: { code_file: string; debug_id: string }[] } | undefined;
}

export interface Described {
  type: string;
  message: string;
  stack: string;
}

/** Causes, and members of an AggregateError. */
const MOST_LINKS = 5;
/** Frames of this package, which are not where the host's code failed. */
const OWN_FRAMES = /^.*\/(monlight[.\w]*\.js|@monlight\/browser\/).*\n?/gm;

/** `place` stands for the stack of what has none. */
export function describe(thrown: any, type: string, place = ''): Described {
  const text = (read: () => unknown) => attempt(() => String(read() ?? '')) || '';
  // It throws for what is no object.
  if (!attempt(() => 'message' in thrown)) {
    const message = text(() => (typeof thrown == 'object' ? JSON.stringify(thrown) : thrown)) || 'unreadable';
    return { type, message, stack: place };
  }
  const stacks: string[] = [];
  const links = [thrown];
  // A cause may lead back to where it came from.
  while (links.length && stacks.length <= MOST_LINKS) {
    const link = links.shift();
    stacks.push(text(() => link.stack).replace(OWN_FRAMES, '') || (stacks.length ? text(() => link) : place));
    attempt(() => links.push(...[link.cause ?? [], link.errors ?? []].flat()));
  }
  return { type: text(() => thrown.name) || type, message: text(() => thrown.message), stack: stacks.join('\nCaused by: ') };
}

/** A stack of the caller, without the frames from `below` on down into this package. */
export function stackOfCaller(below?: (...all: never[]) => unknown): string {
  const here = new Error();
  // Where it is missing, the frames are told by their file.
  (Error as any).captureStackTrace?.(here, below);
  return (here.stack || '').replace(OWN_FRAMES, '');
}

// The frames that the browser relay found in a stack, each with its source or with the reason why there is none.
import type { Exception, Frame } from '../../wire.ts';

/** As many as the service shows of a traceback. */
const MOST_FRAMES = 500;
const MOST_CONTEXT_LINES = 10;

/**
 * The stack with the relay's frames in it: those that could not be found in the maps are among them, with what the engine
 * said of them. Where `extra` holds no such frames, or some that are malformed, the stack stays as the service read it. So
 * does a chain of exceptions, because the relay does not say which of them a frame belongs to.
 */
export function withRelayFrames(stack: Exception[], extra: unknown): Exception[] {
  const frames = readFrames(extra);
  if (!frames || stack.length > 1) return stack;
  return [{ title: stack[0]?.title ?? '', relation: null, frames }];
}

function readFrames(extra: unknown): Frame[] | null {
  const given = isObject(extra) ? extra['frames'] : null;
  if (!Array.isArray(given) || given.length === 0) return null;
  const frames = given.slice(0, MOST_FRAMES).map(readFrame);
  return frames.every((frame) => frame !== null) ? frames : null;
}

function readFrame(given: unknown): Frame | null {
  if (!isObject(given)) return null;
  const { file, line = null, column = null, in_app, pre_context = [], post_context = [] } = given;
  const { function: name = null, context_line = null, no_context = null, unresolved = null } = given;
  const isFrame =
    typeof file === 'string' &&
    typeof in_app === 'boolean' &&
    isPosition(line) &&
    isPosition(column) &&
    isLines(pre_context) &&
    isLines(post_context) &&
    isText(name) &&
    isText(context_line) &&
    isText(no_context) &&
    isText(unresolved);
  if (!isFrame) return null;
  return {
    file,
    line,
    column,
    function: name,
    in_app,
    context_line,
    pre_context: pre_context.slice(-MOST_CONTEXT_LINES),
    post_context: post_context.slice(0, MOST_CONTEXT_LINES),
    unresolved: unresolved ?? no_context,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isPosition(value: unknown): value is number | null {
  return value === null || (Number.isSafeInteger(value) && (value as number) >= 0);
}

function isLines(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((line) => typeof line === 'string');
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

"""Hooks of the process: what nobody catches, in the main program, in threads and in event loops; and the signal to stop."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .._errors import ErrorClient

__all__ = ["install_hooks", "watch_event_loop"]


def install_hooks(error_client: ErrorClient, *, sigterm: bool = True) -> Callable[[], None]:
    """Reports what ends the program or a thread. The hooks that were there still run. Returns what takes ours away again.

    Without a handler SIGTERM ends Python at once, and what was not sent is lost. With `sigterm`, when nobody handles it yet,
    the program ends as by `sys.exit(143)`: `finally` and exit handlers run.
    """
    undo = [_hook_main(error_client), _hook_threads(error_client)]
    if sigterm:
        undo.append(_hook_sigterm())

    def uninstall() -> None:
        for one in undo:
            one()

    return uninstall


def _hook_main(errors: ErrorClient) -> Callable[[], None]:
    before = sys.excepthook

    def hook(kind: type[BaseException], exc: BaseException, trace: TracebackType | None) -> None:
        if isinstance(exc, Exception):
            errors.capture(exc, level="fatal")
        before(kind, exc, trace)

    def undo() -> None:
        # Somebody else may have put theirs around ours.
        if sys.excepthook is hook:
            sys.excepthook = before

    sys.excepthook = hook
    return undo


def _hook_threads(errors: ErrorClient) -> Callable[[], None]:
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            name = args.thread.name if args.thread is not None else None
            errors.capture(args.exc_value, level="error", extra={"thread": name})
        before(args)

    def undo() -> None:
        if threading.excepthook is hook:
            threading.excepthook = before

    threading.excepthook = hook
    return undo


def _hook_sigterm() -> Callable[[], None]:
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return lambda: None

    def stop(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    def undo() -> None:
        if signal.getsignal(signal.SIGTERM) is stop:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, stop)
    return undo


def watch_event_loop(error_client: ErrorClient, loop: asyncio.AbstractEventLoop | None = None) -> Callable[[], None]:
    """Reports what the event loop would only log, such as exceptions of tasks that nobody awaits. Returns what undoes it."""
    watched = loop if loop is not None else asyncio.get_running_loop()
    before = watched.get_exception_handler()

    def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        exc = context.get("exception")
        if isinstance(exc, Exception):
            task = context.get("task") or context.get("future")
            name = task.get_name() if isinstance(task, asyncio.Task) else None
            error_client.capture(exc, extra={"asyncio": context.get("message"), "task": name})
        if before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    watched.set_exception_handler(handler)

    def undo() -> None:
        if watched.get_exception_handler() is handler:
            watched.set_exception_handler(before)

    return undo

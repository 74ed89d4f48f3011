"""The client for errors."""

import asyncio
import concurrent.futures
import sys
from collections.abc import Iterable, Mapping, Sequence
from os import getpid
from typing import Any

from . import _context
from ._headers import excluded
from ._log import logger
from ._outlet import Outlet
from ._plain import text_of
from ._report import BeforeSend, Pending, Writer, note_fields
from ._reports import Reports
from ._sender import Client, sender
from ._snapshot import Snapshot, take
from ._tally import Tally
from ._transport import Transport

_MARK = "__monlight_reported__"
# There is no interval: reports go at once. It only bounds the thread's sleep.
_REST_S = 3_600.0


class ErrorClient(Client):
    """Reports exceptions to the error tracker, in the background.

    An exception is noted where it is captured, in microseconds; the sender's thread makes the report and sends it at once.
    Nothing that goes wrong on the way is thrown into the application.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        project: str = "default",
        environment: str | None = None,
        release: str | None = None,
        timeout: float = 5.0,
        excluded_headers: Iterable[str] | None = None,
        before_send: BeforeSend | None = None,
    ) -> None:
        self._timeout = timeout
        self._tally = Tally("reports")
        writer = Writer(text_of(project or "default"), environment, release, excluded(excluded_headers), before_send)
        self._reports = Reports(writer, self._tally)
        transport = Transport(base_url, api_key, timeout)
        super().__init__(Outlet("error tracker", transport, self._reports, self._tally, lambda: _REST_S))

    def capture(
        self,
        exc: BaseException | None = None,
        request_context: Mapping[str, Any] | None = None,
        *,
        extra: object = None,
        user_id: object = None,
        level: str | None = None,
        fingerprint: Sequence[str] | None = None,
    ) -> str | None:
        """Queues a report, of the exception that is being handled unless one is given. Returns the report's id.

        An exception that was captured already in the same request or task is not reported again; that returns None.
        """
        return self._capture(exc, request_context, extra, user_id, level, fingerprint, None)

    async def report_error(
        self, exc: BaseException, request_context: Mapping[str, Any] | None = None, *, extra: object = None
    ) -> bool:
        """Captures, and waits without blocking the event loop. Says whether the tracker has it by now.

        A report that could not be delivered at once stays in the queue.
        """
        done = self._report(exc, request_context, extra)
        if done is None:
            return False
        try:
            return await asyncio.wait_for(asyncio.wrap_future(done), self._timeout)
        except (asyncio.TimeoutError, concurrent.futures.TimeoutError):
            return False

    def report_error_sync(
        self, exc: BaseException, request_context: Mapping[str, Any] | None = None, *, extra: object = None
    ) -> bool:
        """As `report_error`, for code without an event loop."""
        done = self._report(exc, request_context, extra)
        if done is None:
            return False
        try:
            return done.result(self._timeout)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            return False

    def _report(
        self, exc: BaseException, request_context: Mapping[str, Any] | None, extra: object
    ) -> "concurrent.futures.Future[bool] | None":
        done: concurrent.futures.Future[bool] = concurrent.futures.Future()

        def tell(arrived: bool) -> None:
            # Whoever waited may have given up.
            if done.set_running_or_notify_cancel():
                done.set_result(arrived)

        return done if self._capture(exc, request_context, extra, None, None, None, tell) is not None else None

    def _capture(
        self,
        exc: BaseException | None,
        request_context: Mapping[str, Any] | None,
        extra: object,
        user_id: object,
        level: str | None,
        fingerprint: Sequence[str] | None,
        waiter: Any,
    ) -> str | None:
        try:
            exc = exc if exc is not None else sys.exc_info()[1]
            if exc is None or not self._claim(exc):
                return None
            given = {"user_id": user_id, "level": level, "fingerprint": fingerprint}
            fields = _fields(request_context, extra, given)
            return self._put(Pending(take(exc), fields, waiter=waiter))
        except Exception as error:  # a report is no reason for the host to fail
            self._could_not_note(error)
            return None

    def capture_message(
        self,
        message: str,
        *,
        level: str = "info",
        exception_type: str = "Message",
        extra: object = None,
        place: tuple[str, int, str] | None = None,
    ) -> str | None:
        """Reports something that is no exception. `place` (file, line, function) is what it is grouped by."""
        try:
            snapshot = Snapshot(_Message(message))
            snapshot.type_name = exception_type
            if place is not None:
                file, line, function = place
                code = compile("", file, "exec").replace(co_name=function)
                snapshot.frames = [(code, line, -1)]
            return self._put(Pending(snapshot, _fields(None, extra, {"level": level})))
        except Exception as error:  # as above
            self._could_not_note(error)
            return None

    def _put(self, pending: Pending) -> str | None:
        if self._pid != getpid():
            self.start()
        if not self._reports.put(pending):
            self._tally.drop("for_want_of_room")
            return None
        self.outlet.hurry()
        sender.wake()
        return pending.event_id

    def _claim(self, exc: BaseException) -> bool:
        """Marks the exception; false when it has been marked in the same piece of work, or outside of any."""
        work = _context.current()
        serial = work.serial if work is not None else 0
        # In the object's own dictionary: a class may have its own idea of setting attributes.
        members = exc.__dict__
        marks: dict[int, int] = members.setdefault(_MARK, {})
        before = marks.get(id(self))
        marks[id(self)] = serial
        return before is None or (serial != before and serial != 0)

    def _could_not_note(self, error: Exception) -> None:
        try:
            self._tally.drop("unreadable")
            logger.debug("monlight: an error could not be noted: %r", error)
        except Exception:  # noqa: S110 # a broken log handler of the host
            pass

    @property
    def stats(self) -> dict[str, int]:
        """How many reports were `sent`, how many were `dropped`, and for which reasons."""
        return self._tally.read()


class _Message(Exception):  # noqa: N818
    """Lends a text the form of an exception."""


def _fields(request_context: Mapping[str, Any] | None, extra: object, given: Mapping[str, object]) -> dict[str, Any]:
    work = _context.current()
    try:
        return note_fields(request_context, extra, work, given)
    except Exception as error:  # the exception matters more than what surrounds it
        return {"extra": {"…": f"[could not be read: {type(error).__name__}]"}}

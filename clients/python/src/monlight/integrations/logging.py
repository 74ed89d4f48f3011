"""A handler for the standard library's logging: errors become reports, what was logged before them goes along."""

import logging
import threading

from .. import _context
from .._errors import ErrorClient
from .._plain import text_of
from .._sender import is_sender

__all__ = ["MonlightHandler"]


class MonlightHandler(logging.Handler):
    """Reports records from `level` on, and keeps those from `breadcrumb_level` on for the report of the same request.

    A record with an exception becomes a report of that exception, unless it has been reported; any other is grouped by the
    line that logs it.
    """

    def __init__(self, error_client: ErrorClient, level: int = logging.ERROR, breadcrumb_level: int = logging.INFO) -> None:
        super().__init__(min(level, breadcrumb_level))
        self._errors = error_client
        self._report_level = level
        self._here = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Takes one record."""
        # What the SDK says itself, or has its libraries say while it sends, would go round in circles.
        if is_sender() or record.name.partition(".")[0] == "monlight" or getattr(self._here, "inside", False):
            return
        self._here.inside = True
        try:
            if record.levelno >= self._report_level:
                self._report(record)
            elif _context.current() is not None:
                _context.add_breadcrumb(_text(record), level=record.levelname.lower(), logger=record.name)
        except Exception:  # Python's own way for handlers
            self.handleError(record)
        finally:
            self._here.inside = False

    def _report(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower()
        exc = record.exc_info[1] if record.exc_info else None
        if exc is not None:
            self._errors.capture(exc, level=level, extra={"logger": record.name, "logged": _text(record)})
            return
        self._errors.capture_message(
            _text(record),
            level=level,
            exception_type=f"logging.{level}",
            extra={"logger": record.name},
            place=(record.pathname, record.lineno, record.funcName or "<module>"),
        )


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit
        return text_of(record.msg)

"""What is being worked on right now: a request, a task. Follows the code through `contextvars`, never globally."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any

from ._plain import rfc3339, text_of

_MOST_BREADCRUMBS = 30
_serials = itertools.count(1)

# Reads the context out of a scope, an environ, a task.
Describe = Callable[[Any], Mapping[str, Any]]


class Work:
    """One request or task, and what the application has said about it."""

    def __init__(self, describe: Describe | None, source: Any) -> None:
        # Tells one piece of work from another, so that an exception counts once for each.
        self.serial = next(_serials)
        self._describe = describe
        self.source = source
        self.user_id: str | None = None
        self.extra: dict[str, Any] | None = None
        self.breadcrumbs: deque[dict[str, Any]] | None = None

    def context(self) -> Mapping[str, Any]:
        """Of a request its URL, method and headers. Asked only when something is reported: most requests go well."""
        return {} if self._describe is None else self._describe(self.source)


# What the context has of a piece of work, as `[describe, source, work]`: how to describe what, and the work itself once
# somebody has asked for it, as most requests never need it. A list, because each request makes one and an object takes longer.
#
# When the work is done, the source shrinks to what is enough to describe it. Others may have the context for long: tasks that
# go on, but also timers, even cancelled ones, and connections that were opened meanwhile. They would keep a whole request
# each, in memory that the next requests could have.
Slip = list[Any]

slips: ContextVar[Slip | None] = ContextVar("monlight_work", default=None)


def begin(describe: Describe | None, source: Any = None) -> Token[Slip | None]:
    """From here on, what is reported belongs to this work."""
    return slips.set([describe, source, None])


def end(token: Token[Slip | None]) -> None:
    """The work is done; what was before goes on."""
    try:
        slips.reset(token)
    except ValueError:
        # Ended in another context than it began in, as generators are that somebody else closes.
        slips.set(None)


def current() -> Work | None:
    """What is being worked on, if anything is."""
    slip = slips.get()
    if slip is None:
        return None
    work: Work | None
    describe, source, work = slip
    if work is None:
        slip[2] = work = Work(describe, source)
    return work


def _own() -> Work:
    work = current()
    if work is None:
        work = Work(None, None)
        slips.set([None, None, work])
    return work


def set_user(user_id: object) -> None:
    """Says who the current request is made for; None when nobody is signed in."""
    _own().user_id = None if user_id is None else text_of(user_id)


def set_extra(name: str, value: object) -> None:
    """Adds a value to what is reported of the current request or task."""
    work = _own()
    if work.extra is None:
        work.extra = {}
    work.extra[name] = value


def add_breadcrumb(message: str, **data: object) -> None:
    """Notes what happened before an error; the last 30 of a request or task are reported with it."""
    work = _own()
    if work.breadcrumbs is None:
        work.breadcrumbs = deque(maxlen=_MOST_BREADCRUMBS)
    work.breadcrumbs.append({"timestamp": rfc3339(time.time()), "message": message, **data})

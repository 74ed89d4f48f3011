"""Takes down of an exception what a report needs, quickly, and without keeping the exception or its frames alive.

Reading source lines and making text of it all costs a hundred times as much; `_traceback` does it in the sender's thread.
"""

import builtins
import itertools
import linecache
import sys
import traceback
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, TracebackType

from ._plain import cut, text_of

# Of a longer stack the frames in the middle are left out.
_FIRST_FRAMES = 20
_LAST_FRAMES = 80
# As many exceptions of a chain, members of a group, and levels of groups in groups, as anybody reads.
_MOST_CHAINED = 20
_MOST_MEMBERS = 15
_MOST_LEVELS = 5
_MOST_IN_ALL = 60
_MOST_NOTES = 20
_MESSAGE_CHARS = 10_000
_OWN_FOLDER = str(Path(__file__).parent)
_NOTE_CHARS = 2_000

# The code, the line, and the place in the code.
Frame = tuple[CodeType, int, int]


class Snapshot:
    """One exception, with those that led to it."""

    __slots__ = (
        "cause_is_context",
        "frames",
        "left_out",
        "members",
        "members_left_out",
        "message",
        "notes",
        "previous",
        "syntax",
        "type_name",
    )

    def __init__(self, exc: BaseException) -> None:
        self.type_name = qualified_name(type(exc))
        self.message = cut(text_of(exc), _MESSAGE_CHARS)
        self.frames, self.left_out = _frames(exc.__traceback__)
        self.notes = _notes(exc)
        # The place in the source that could not be parsed.
        self.syntax = _syntax_lines(exc) if isinstance(exc, SyntaxError) else None
        self.previous: Snapshot | None = None
        self.cause_is_context = False
        self.members: list[Snapshot] | None = None
        self.members_left_out = 0


def qualified_name(kind: type) -> str:
    """As tracebacks write it: without the module for what is built in."""
    try:
        module, name = kind.__module__, kind.__qualname__
        return name if module in ("builtins", "__main__") else f"{module}.{name}"
    except Exception:  # a metaclass of the host's own
        return "Exception"


def take(exc: BaseException) -> Snapshot:
    """The exception with its causes, contexts and members."""
    return _Taker().take(exc, 0)


class _Taker:
    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._left = _MOST_IN_ALL

    def take(self, exc: BaseException, level: int) -> Snapshot:
        first = snapshot = self._one(exc, level)
        for _ in range(_MOST_CHAINED):
            cause = exc.__cause__
            previous = cause if cause is not None else None if exc.__suppress_context__ else exc.__context__
            # A chain may bite its own tail.
            if previous is None or id(previous) in self._seen:
                break
            snapshot.cause_is_context = cause is None
            snapshot.previous = self._one(previous, level)
            snapshot, exc = snapshot.previous, previous
        return first

    def _one(self, exc: BaseException, level: int) -> Snapshot:
        self._seen.add(id(exc))
        self._left -= 1
        snapshot = Snapshot(exc)
        members = members_of(exc)
        if members is not None and level < _MOST_LEVELS:
            snapshot.members = []
            for member in members[:_MOST_MEMBERS]:
                if self._left > 0:
                    snapshot.members.append(self.take(member, level + 1))
            snapshot.members_left_out = len(members) - len(snapshot.members)
        return snapshot


def members_of(exc: BaseException) -> Sequence[BaseException] | None:
    """The members of an exception group; None of anything else."""
    group = getattr(builtins, "BaseExceptionGroup", None) or getattr(
        # Before 3.11 groups come from a package.
        sys.modules.get("exceptiongroup"),
        "BaseExceptionGroup",
        None,
    )
    if group is None or not isinstance(exc, group):
        return None
    members: Sequence[BaseException] = exc.exceptions
    return members


def _frames(trace: TracebackType | None) -> tuple[list[Frame], int]:
    # The outermost frame under a server may be the SDK's own middleware.
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        trace = trace.tb_next
    frames: list[Frame] = []
    last: deque[Frame] = deque(maxlen=_LAST_FRAMES)
    count = 0
    while trace is not None:
        frame = trace.tb_frame
        code = frame.f_code
        if code.co_filename not in linecache.cache:
            # The source of modules from archives is known to their loader only.
            linecache.lazycache(code.co_filename, frame.f_globals)
        kept = frames if count < _FIRST_FRAMES else last
        # The line may be unknown, as it is in generated code.
        kept.append((code, trace.tb_lineno or 0, trace.tb_lasti))
        count += 1
        trace = trace.tb_next
    frames.extend(last)
    return frames, count - len(frames)


def _notes(exc: BaseException) -> list[str]:
    try:
        notes = getattr(exc, "__notes__", None)
        if notes is None:
            return []
        return [cut(text_of(note), _NOTE_CHARS) for note in itertools.islice(notes, _MOST_NOTES)]
    except Exception as error:  # anything can be assigned to it
        return [f"<notes that could not be read: {type(error).__name__}>"]


def _syntax_lines(exc: SyntaxError) -> list[str] | None:
    try:
        return [cut(line, _NOTE_CHARS) for line in traceback.format_exception_only(type(exc), exc)]
    except Exception:  # its members may hold anything
        return None

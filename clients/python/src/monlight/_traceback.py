"""Writes a snapshot as Python writes a traceback, chains, groups and notes included."""

import linecache
import sysconfig
import traceback
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, islice
from types import CodeType
from typing import Any

from ._mask import mask
from ._plain import cut
from ._snapshot import Frame, Snapshot

_HEADER = "Traceback (most recent call last):"
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"
# As Python does, three frames that are the same are enough.
_MOST_REPEATED = 3
_FRAMES_WITH_SOURCE = 20
_LINES_AROUND = 5
_LINE_CHARS = 300
_FIRST_FRAMES = 20
_LIBRARY_FOLDERS = tuple(folder for name in ("stdlib", "platstdlib") if (folder := sysconfig.get_paths().get(name)) is not None)


def write(snapshot: Snapshot) -> str:
    """The whole text, with a line break at its end."""
    return "\n".join(_chain(snapshot, 0)) + "\n"


def _chain(snapshot: Snapshot, depth: int) -> Iterator[str]:
    chain = [snapshot]
    while chain[-1].previous is not None:
        chain.append(chain[-1].previous)
    for exception in reversed(chain):
        if exception.previous is not None:
            yield from _indented([_CONTEXT if exception.cause_is_context else _CAUSE], depth)
        if exception.members is None:
            yield from _indented(_exception(exception), depth)
        else:
            yield from _group(exception, depth)


def _exception(exception: Snapshot, header: str = _HEADER) -> Iterator[str]:
    if exception.frames:
        yield header
        yield from _frames(exception)
    yield from _title(exception)


def _group(group: Snapshot, depth: int) -> Iterator[str]:
    """A group draws a margin, and each member stands between rulers two columns further right."""
    inner = max(depth, 1)
    lines = _indented(_exception(group, f"Exception Group {_HEADER}"), inner)
    if depth == 0 and group.frames:
        yield "  + " + next(lines)[4:]
    yield from lines
    members = group.members or []
    blocks = [list(_chain(member, inner + 1)) for member in members]
    titles = [str(number) for number in range(1, len(blocks) + 1)]
    if group.members_left_out:
        plural = "" if group.members_left_out == 1 else "s"
        blocks.append(list(_indented([f"and {group.members_left_out} more exception{plural}"], inner + 1)))
        titles.append("...")
    margin = "  " * inner
    closed = False
    for title, block in zip(titles, blocks, strict=True):
        yield f"{margin}{'+-' if title in ('1', titles[0]) else '  '}+---------------- {title} ----------------"
        yield from block
        closed = block[-1].endswith("+------------------------------------")
    # A group that is the last member has closed the ruler of this one as well.
    if not closed:
        yield f"{margin}  +------------------------------------"


def _indented(blocks: Iterator[str] | list[str], depth: int) -> Iterator[str]:
    margin = "  " * depth + "| " if depth else ""
    for block in blocks:
        for line in block.split("\n"):
            yield margin + line if line or not margin else margin


def _frames(exception: Snapshot) -> Iterator[str]:
    frames = exception.frames
    if not exception.left_out:
        yield from _run(frames)
        return
    yield from _run(frames[:_FIRST_FRAMES])
    yield f"  [{exception.left_out} more frames, left out]"
    yield from _run(frames[_FIRST_FRAMES:])


def _run(frames: list[Frame]) -> Iterator[str]:
    for _, same in groupby(frames, key=lambda frame: (frame[0].co_filename, frame[1], frame[0].co_name)):
        shown = 0
        for shown, frame in enumerate(same, start=1):
            if shown <= _MOST_REPEATED:
                yield _frame(frame)
        if shown > _MOST_REPEATED:
            more = shown - _MOST_REPEATED
            yield f"  [Previous line repeated {more} more time{'' if more == 1 else 's'}]"


# In a storm of one error its frames are the same each time.
@lru_cache(maxsize=500)
def _frame(frame: Frame) -> str:
    code, line, instruction = frame
    places: dict[str, Any] = {}
    if hasattr(code, "co_positions") and instruction >= 0:
        position = next(islice(code.co_positions(), instruction // 2, None), None)
        # A line that the frame has moved on to has other columns.
        if position is not None and position[0] == line:
            _, places["end_lineno"], places["colno"], places["end_colno"] = position
    summary = traceback.FrameSummary(code.co_filename, line, code.co_name, lookup_line=False, **places)
    return cut(traceback.StackSummary.from_list([summary]).format()[0].rstrip("\n"), 2_000)


def _title(exception: Snapshot) -> Iterator[str]:
    if exception.syntax is not None:
        # Notes are part of it.
        yield from (line.rstrip("\n") for line in exception.syntax)
        return
    yield f"{exception.type_name}: {exception.message}" if exception.message else exception.type_name
    yield from exception.notes


def frames_with_source(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The application's own frames, the deepest first, each with the lines around it."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    waiting = [snapshot]
    while waiting:
        exception = waiting.pop(0)
        for code, line, _ in reversed(exception.frames):
            if len(found) >= _FRAMES_WITH_SOURCE:
                return list(found.values())
            place = (code.co_filename, line)
            if place not in found and _is_own(code) and (source := _source_around(*place)):
                found[place] = source
        waiting.extend(exception.members or [])
        if exception.previous is not None:
            waiting.append(exception.previous)
    return list(found.values())


def _is_own(code: CodeType) -> bool:
    file = code.co_filename
    return not (file.startswith("<") or "site-packages" in file or "dist-packages" in file or file.startswith(_LIBRARY_FOLDERS))


@lru_cache(maxsize=500)
def _source_around(file: str, line: int) -> dict[str, Any] | None:
    lines = linecache.getlines(file)
    if not 0 < line <= len(lines):
        return None

    def read(first: int, end: int) -> list[str]:
        return [mask(cut(text.rstrip("\n"), _LINE_CHARS)) for text in lines[max(0, first) : end]]

    return {
        "file": file,
        "line": line,
        "context_line": read(line - 1, line)[0],
        "pre_context": read(line - 1 - _LINES_AROUND, line - 1),
        "post_context": read(line, line + _LINES_AROUND),
    }

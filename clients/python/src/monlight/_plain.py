"""Makes bounded plain JSON of anything: whatever an application hands over, and whatever is wrong with it."""

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ._mask import MASK, is_secret, mask

# JSON as Python has it.
Plain = Any

_MOST_LEVELS = 8
_MOST_MEMBERS = 100
_MOST_NODES = 2_000
_TEXT_CHARS = 4_096
_MOST_CHARS = 60_000
_REPR_CHARS = 500
_NAME_CHARS = 200


def cut(text: str, most_chars: int) -> str:
    """Cuts an over-long text, and says at its end how long it was."""
    if len(text) <= most_chars:
        return text
    mark = f"… [cut, {len(text)} characters in all]"
    return text[: max(0, most_chars - len(mark))] + mark[:most_chars]


def cut_middle(text: str, most_chars: int) -> str:
    """Cuts an over-long text in its middle, where a traceback is least missed."""
    if len(text) <= most_chars:
        return text
    mark = f"\n… [cut, {len(text)} characters in all] …\n"
    # What was raised last stands at the end, so the end keeps more.
    head = (most_chars - len(mark)) // 3
    tail = most_chars - len(mark) - head
    return text[:head] + mark + text[-tail:]


def text_of(value: object) -> str:
    """`str(value)`, also of an object whose `__str__` fails."""
    try:
        return str(value)
    except Exception as error:  # the host's code, and no reason to fail
        return f"<{type(value).__name__}: its text could not be made: {type(error).__name__}>"


def rfc3339(at: float) -> str:
    """Seconds since the epoch as the services write times."""
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: object) -> Plain:
    """A copy in dictionaries, lists, texts, numbers, booleans and None, of bounded size."""
    return _Copy().of(value, 0)


class _Copy:
    def __init__(self) -> None:
        self._nodes_left = _MOST_NODES
        self._chars_left = _MOST_CHARS
        self._parents: set[int] = set()

    def of(self, value: object, level: int) -> Plain:
        self._nodes_left -= 1
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            # No other reader of the JSON has integers of any length.
            return value if -(2**53) <= value <= 2**53 else cut(_digits(value), _REPR_CHARS)  # type: ignore[operator, arg-type]
        if kind is float:
            return value if math.isfinite(value) else text_of(value)  # type: ignore[arg-type]
        if isinstance(value, str):
            return self._text(text_of(value), _TEXT_CHARS)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return f"[{len(value)} bytes]"
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return self._container(value, level)
        return self._text(_repr(value), _REPR_CHARS)

    def _text(self, text: str, most_chars: int) -> str:
        text = cut(text, min(most_chars, self._chars_left))
        self._chars_left -= len(text)
        return text

    def _is_used_up(self) -> bool:
        return self._nodes_left <= 0 or self._chars_left <= 0

    def _container(self, value: Any, level: int) -> Plain:
        if id(value) in self._parents:
            return "[circular]"
        if level >= _MOST_LEVELS:
            return "[nested too deep]"
        self._parents.add(id(value))
        try:
            return self._mapping(value, level) if isinstance(value, Mapping) else self._sequence(value, level)
        except Exception as error:  # a container of the host's own
            return f"[could not be read: {type(error).__name__}]"
        finally:
            self._parents.discard(id(value))

    def _mapping(self, value: Mapping[Any, Any], level: int) -> Plain:
        copied: dict[str, Plain] = {}
        for name, member in value.items():
            if len(copied) >= _MOST_MEMBERS or self._is_used_up():
                copied["…"] = f"[{len(value) - len(copied)} more left out]"
                break
            copied[self._text(text_of(name), _NAME_CHARS)] = self.of(member, level + 1)
        return copied

    def _sequence(self, value: Any, level: int) -> Plain:
        copied: list[Plain] = []
        for item in value:
            if len(copied) >= _MOST_MEMBERS or self._is_used_up():
                copied.append(f"[{len(value) - len(copied)} more left out]")
                break
            copied.append(self.of(item, level + 1))
        return copied


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:
        # Python refuses to write integers of very many digits.
        return hex(value)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # the host's code, and no reason to fail
        return f"<{type(value).__name__}: its text could not be made: {type(error).__name__}>"


def _is_for_nobody(name: str) -> bool:
    # Headers that somebody adds to a report.
    return is_secret(name) or name.lower() in ("cookie", "set-cookie")


def scrub(value: Plain) -> Plain:
    """Plain JSON without secrets: of members whose name says so, and in URLs."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [scrub(item) for item in value]
    if isinstance(value, dict):
        return {
            mask(name): MASK if _is_for_nobody(name) and member not in (None, "") else scrub(member)
            for name, member in value.items()
        }
    return value

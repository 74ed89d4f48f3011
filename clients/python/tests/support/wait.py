"""Polls until something is true. Only a failure reaches the deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 30.0
_ASK_AGAIN_S = 0.02

_Value = TypeVar("_Value")


def until(claim: str, find: Callable[[], _Value], deadline_s: float = DEADLINE_S) -> _Value:
    """The first value that is not false."""
    end = time.monotonic() + deadline_s
    while True:
        value = find()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"it did not come true that {claim}; the last value was {value!r}")
        time.sleep(_ASK_AGAIN_S)

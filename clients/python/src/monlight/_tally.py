"""Counts what became of everything that was handed over, so that nothing is lost silently."""

import threading
from collections import Counter

from ._log import logger


class Tally:
    """Numbers by name: `sent`, and `dropped` with its reason."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.RLock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        """Counts something good."""
        with self._lock:
            self._counts[name] += count

    def drop(self, reason: str, count: int = 1) -> None:
        """Counts what is lost, and says so; the first of its kind as a warning."""
        name = f"dropped_{reason}"
        with self._lock:
            is_first = name not in self._counts
            self._counts[name] += count
            self._counts["dropped"] += count
        say = logger.warning if is_first else logger.debug
        say("monlight dropped %d %s: %s", count, self._what, reason.replace("_", " "))

    def read(self) -> dict[str, int]:
        """A copy."""
        with self._lock:
            return {"sent": 0, "dropped": 0, **self._counts}

    def after_fork(self) -> None:
        """A child counts its own."""
        self._lock = threading.RLock()
        self._counts = Counter()

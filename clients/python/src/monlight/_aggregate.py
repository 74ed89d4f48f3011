"""Gathers what is recorded between two sends: counters are summed, gauges keep the last value, histograms every value.

The collector's percentiles are of single values, so those of histograms go to it as they are. All of it is bounded; recording
takes a lock for some tens of microseconds at most and never waits for anything else.
"""

import math
import threading
import time
from array import array
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat

from ._plain import text_of
from ._tally import Tally

MOST_SERIES = 2_000
MOST_VALUES = 100_000
# So many histogram values are sent without waiting for the interval.
HURRY_VALUES = 20_000

# So many requests of a kind are added together.
REQUESTS_AT_ONCE = 64
# As many as the collector has series for in a project. An application has some hundreds.
MOST_KINDS = 5_000
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})
OTHER_METHOD = "OTHER"

_NAME_CHARS = 200
_MOST_LABELS = 32
_LABEL_NAME_CHARS = 100
_LABEL_VALUE_CHARS = 200
_CUT_MARK = "…"
_INFINITY = math.inf
OVERFLOW = (("overflow", "true"),)
_OVERFLOW_ENDPOINT = "<overflow>"

Labels = tuple[tuple[str, str], ...]
# Name and labels, in the order of the labels' names.
Series = tuple[str, Labels]
# Method, endpoint and status of HTTP requests.
_Kind = tuple[str, str, str]
# The same as an integration tells it.
RequestKind = tuple[str, str, int | str]
# How an application spells a series: the name alone, or the name with its labels in any order.
_Spelling = str | tuple[object, ...]


class InvalidPointError(ValueError):
    """What cannot be sent; the text says why, as the reason in the tally."""


@dataclass
class Window:
    """What was recorded in a stretch of time."""

    # Seconds since the epoch.
    since: float
    counters: dict[Series, list[float]] = field(default_factory=dict)
    gauges: dict[Series, list[float]] = field(default_factory=dict)
    histograms: dict[Series, "array[float]"] = field(default_factory=dict)
    # Requests are counted by the durations that there are of them: two metrics for the price of one. A list takes up what
    # another has in a fifth of the time that an array does.
    requests: dict[_Kind, list[float]] = field(default_factory=dict)
    values: int = 0

    def __post_init__(self) -> None:
        # The same cells by their spellings, so that the second record of a series finds its cell at once.
        self.spelled_counters: dict[_Spelling, list[float]] = {}
        self.spelled_histograms: dict[_Spelling, array[float]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recorded."""
        return not (self.counters or self.gauges or self.histograms or self.requests)

    @property
    def series(self) -> int:
        """How many there are."""
        return len(self.counters) + len(self.gauges) + len(self.histograms) + 2 * len(self.requests)


class Aggregate:
    """What is being recorded now."""

    def __init__(self, tally: Tally, hurry: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        self._tally = tally
        self._hurry = hurry
        self._clock = clock
        # Seconds of requests that have ended and are not added yet. Threads may append to a list and take from its end
        # without a lock, and a request does no more: what adds some dozens at once finds its code and data in the processor's
        # caches, where it would find nothing between the code of a server. A list stays, as somebody may be about to append.
        self.ended: dict[RequestKind, list[float]] = {}
        self.forget()

    def forget(self) -> None:
        """Begins from nothing, with a lock that nobody holds."""
        # The lock may be asked for again by the thread that holds it: in a signal handler, or in a finalizer.
        self.lock = threading.RLock()
        self.window = Window(self._clock())
        self.ended.clear()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recorded."""
        with self.lock:
            return self.window.is_empty and not any(self.ended.values())

    def take(self) -> Window:
        """Ends the window and begins the next."""
        new = Window(self._clock())
        self.add_requests()
        with self.lock:
            window, self.window = self.window, new
        return window

    def drop_values(self) -> None:
        """Nothing can be sent: single values would belong to another time later; sums can wait."""
        self.add_requests()
        with self.lock:
            window = self.window
            histograms, window.histograms, window.spelled_histograms = window.histograms, {}, {}
            durations = 0
            for key, values in window.requests.items():
                self._new_counter(("http_requests_total", _request_labels(key)))[0] += len(values)
                durations += len(values)
            window.requests = {}
            window.values = 0
        dropped = durations + sum(len(values) for values in histograms.values())
        if dropped:
            self._tally.drop("for_want_of_room", dropped)

    # The second record of a series finds its cell by the spelling. What runs code of the application (texts of labels,
    # log handlers) runs outside of the lock.

    def add(self, name: str, labels: Mapping[str, object] | None, value: float) -> None:
        """Adds to a counter. Raises what is wrong with the arguments."""
        if value.__class__ is not int:
            value = float(value)
        if not 0 <= value < _INFINITY:
            raise InvalidPointError("values_no_counter_can_take")
        spelling: _Spelling = (name, *labels.items()) if labels else name
        with self.lock:
            try:
                self.window.spelled_counters[spelling][0] += value
            except Exception:  # noqa: S110 # not there yet, or a label that cannot be looked up
                pass
            else:
                return
        series, is_alias = _series(name, labels), _may_be_alias(labels)
        with self.lock:
            cell = self._new_counter(series)
            cell[0] += value
            if is_alias:
                self.window.spelled_counters[spelling] = cell

    def set(self, name: str, labels: Mapping[str, object] | None, value: float) -> None:
        """Sets a gauge."""
        value = _finite(value)
        series = _series(name, labels)
        with self.lock:
            self._new_gauge(series)[:] = value, self._clock()

    def observe(self, name: str, labels: Mapping[str, object] | None, value: float) -> None:
        """Adds a value to a histogram."""
        value = _finite(value)
        spelling: _Spelling = (name, *labels.items()) if labels else name
        with self.lock:
            window = self.window
            if window.values >= MOST_VALUES:
                raise InvalidPointError("for_want_of_room")
            try:
                window.spelled_histograms[spelling].append(value)
            except Exception:  # noqa: S110 # not there yet, or a label that cannot be looked up
                pass
            else:
                self._count_values(1)
                return
        series, is_alias = _series(name, labels), _may_be_alias(labels)
        with self.lock:
            cell = self._new_histogram(series)
            cell.append(value)
            self._count_values(1)
            if is_alias:
                self.window.spelled_histograms[spelling] = cell

    def ended_of(self, method: str, endpoint: str, status: object) -> list[float]:
        """The list of such requests, where it was not found by what the integration calls them."""
        # Equal numbers have equal texts.
        kind: RequestKind = _kind(method, endpoint, status)
        if kind[0] is method and isinstance(status, int):
            kind = method, endpoint, int(status)
        with self.lock:
            if kind not in self.ended and len(self.ended) >= MOST_KINDS:
                self._tally.add("overflowing")
                kind = kind[0], _OVERFLOW_ENDPOINT, kind[2]
            return self.ended.setdefault(kind, [])

    def add_requests(self) -> None:
        """Adds the requests that have ended since the last time."""
        dropped = 0
        with self.lock:
            # A signal handler may tell of a kind that is new.
            for kind, ended in list(self.ended.items()):
                if ended:
                    dropped += self._add_ended(kind, ended)
        if dropped:
            self._tally.drop("for_want_of_room", dropped)

    def _add_ended(self, kind: RequestKind, ended: list[float]) -> int:
        """How many of them there was no room for; they are counted."""
        labels = _kind(*kind)
        while ended:
            fitting = max(0, min(len(ended), MOST_VALUES - self.window.values))
            # Taken by one call of C's, which neither threads nor signal handlers interrupt.
            taken = map(list.pop, repeat(ended, fitting or len(ended)))
            if not fitting:
                dropped = len(list(taken))
                self._new_counter(("http_requests_total", _request_labels(labels)))[0] += dropped
                return dropped
            admitted = self._admitted_kind(labels, fitting)
            # A signal handler may have been here in between, and taken the durations or the window.
            with suppress(IndexError, KeyError):
                self.window.requests[admitted].extend(taken)
                self._count_values(fitting)
        return 0

    def _count_values(self, count: int) -> None:
        before, self.window.values = self.window.values, self.window.values + count
        if before < HURRY_VALUES <= before + count:
            self._hurry()

    def _admitted_kind(self, kind: _Kind, count: int) -> _Kind:
        window = self.window
        if kind not in window.requests:
            if window.series >= MOST_SERIES:
                self._tally.add("overflowing", count)
                kind = kind[0], _OVERFLOW_ENDPOINT, kind[2]
            window.requests.setdefault(kind, [])
        return kind

    def _admitted(self, series: Series, known: Mapping[Series, object]) -> Series:
        if series in known or self.window.series < MOST_SERIES:
            return series
        # As in the collector: too many series of a name become one that says so.
        self._tally.add("overflowing")
        return series[0], OVERFLOW

    def _new_counter(self, series: Series) -> list[float]:
        counters = self.window.counters
        return counters.setdefault(self._admitted(series, counters), [0])

    def _new_gauge(self, series: Series) -> list[float]:
        gauges = self.window.gauges
        return gauges.setdefault(self._admitted(series, gauges), [0.0, 0.0])

    def _new_histogram(self, series: Series) -> "array[float]":
        histograms = self.window.histograms
        return histograms.setdefault(self._admitted(series, histograms), array("d"))


def _kind(method: str, endpoint: str, status: object) -> _Kind:
    # A number may be of a kind whose text is a name.
    text = str(int(status)) if isinstance(status, int) else text_of(status)
    return method if method in METHODS else OTHER_METHOD, endpoint, text


def _request_labels(key: _Kind) -> Labels:
    method, endpoint, status = key
    return ("endpoint", endpoint), ("method", method), ("status", status)


def request_series(key: _Kind) -> tuple[Series, Series]:
    """The counter and the histogram of such requests."""
    labels = _request_labels(key)
    return ("http_requests_total", labels), ("http_request_duration_seconds", labels)


def _finite(value: float) -> float:
    value = float(value)
    if not math.isfinite(value):
        raise InvalidPointError("values_that_are_not_finite")
    return value


def _may_be_alias(labels: Mapping[str, object] | None) -> bool:
    """Whether equal spellings are always the same series, and small. True is equal to 1, but its text is another."""
    if labels is None:
        return True
    return all(
        (value.__class__ is str and len(value) <= _LABEL_VALUE_CHARS) or (value.__class__ is int and value not in (0, 1))
        for value in labels.values()
    )


def _series(name: object, labels: Mapping[str, object] | None) -> Series:
    """As the collector knows it: texts only, sorted, nothing empty, nothing over-long."""
    if not isinstance(name, str) or not name.strip() or len(name) > _NAME_CHARS:
        raise InvalidPointError("names_that_are_none")
    if not labels:
        return name, ()
    pairs: dict[str, str] = {}
    for label, value in labels.items():
        text = _label_text(value)
        if not isinstance(label, str) or not 0 < len(label) <= _LABEL_NAME_CHARS:
            raise InvalidPointError("label_names_that_are_none")
        if text:
            pairs[label] = text
    if len(pairs) > _MOST_LABELS:
        raise InvalidPointError("points_with_too_many_labels")
    return name, tuple(sorted(pairs.items()))


def _label_text(value: object) -> str:
    if value is None:
        return ""
    text = ("true" if value else "false") if isinstance(value, bool) else text_of(value)
    return text if len(text) <= _LABEL_VALUE_CHARS else text[: _LABEL_VALUE_CHARS - 1] + _CUT_MARK

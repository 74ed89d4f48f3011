"""Writes what was recorded as batches of points, as the collector takes them."""

import json
import time
from collections.abc import Iterable, Iterator

from ._aggregate import Aggregate, Series, Window, request_series
from ._log import logger
from ._outlet import Parcel
from ._tally import Tally
from ._transport import Answer, Verdict, pack, unpack

MOST_POINTS = 1_000
# The collector takes 512 KiB.
_MOST_BYTES = 400_000
_PATH = "/api/metrics"
# Sums that had to wait for longer belong to no single moment; they are told as of now.
_LONGEST_WINDOW_S = 60.0


class Points:
    """The source of what a metrics client sends."""

    packs_while_away = True

    def __init__(self, aggregate: Aggregate, project: str | None, tally: Tally) -> None:
        self._aggregate = aggregate
        self._project = project
        self._tally = tally

    def is_empty(self) -> bool:
        """Whether nothing was recorded since the last time."""
        return self._aggregate.window.is_empty

    def parcels(self) -> Iterator[Parcel]:
        """Ends the window."""
        window = self._aggregate.take()
        points: list[str] = []
        size = 0
        for point in self._written(window):
            if len(points) >= MOST_POINTS or (points and size + len(point) >= _MOST_BYTES):
                yield _parcel(points)
                points, size = [], 0
            points.append(point)
            # Characters, and at most four bytes of each; only labels can have such.
            size += len(point) if point.isascii() else 4 * len(point)
        if points:
            yield _parcel(points)

    def _written(self, window: Window) -> Iterator[str]:
        now = time.time()
        start = window.since if 0.0 <= now - window.since <= _LONGEST_WINDOW_S else now
        for series, (total,) in window.counters.items():
            # Many large values may add up to what is none.
            if total <= 1e308:  # noqa: PLR2004
                yield from self._of(series, "counter", start, (total,))
            else:
                self._tally.drop("sums_that_are_too_large")
        for series, (value, at) in window.gauges.items():
            yield from self._of(series, "gauge", at, (value,))
        for series, values in window.histograms.items():
            yield from self._of(series, "histogram", start, values)
        for key, durations in window.requests.items():
            counter, histogram = request_series(key)
            yield from self._of(counter, "counter", start, (len(durations),))
            yield from self._of(histogram, "histogram", start, durations)

    def _of(self, series: Series, kind: str, at: float, values: Iterable[float]) -> Iterator[str]:
        name, labels = series
        head: dict[str, object] = {"name": name, "type": kind, "timestamp": int(at * 1000)}
        if labels:
            head["labels"] = dict(labels)
        if self._project is not None:
            head["project"] = self._project
        # The head is written once, however many values follow.
        before = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1] + ',"value":'
        return (f"{before}{value!r}}}" for value in values)

    def make_room(self) -> None:
        """Drops the values that would belong to another time later."""
        self._aggregate.drop_values()

    def split(self, parcel: Parcel, answer: Answer) -> list[Parcel]:
        """In halves, for a collector that takes smaller bodies than it usually does."""
        body = unpack(parcel.body)
        points = [json.dumps(point, ensure_ascii=False, separators=(",", ":")) for point in json.loads(body)]
        if len(points) < 2 or answer.verdict is not Verdict.TOO_LARGE:  # noqa: PLR2004
            return []
        half = len(points) // 2
        return [_parcel(points[:half]), _parcel(points[half:])]

    def note(self, parcel: Parcel, answer: Answer) -> None:
        """Counts what was taken and what was not."""
        rejected = answer.body.get("rejected") or []
        self._tally.add("sent", parcel.items - len(rejected))
        if rejected:
            self._tally.drop("rejected", len(rejected))
            logger.debug("monlight: the collector rejected points, the first: %s", rejected[0])
        if answer.body.get("overflowing"):
            logger.warning("monlight: there are too many series; the collector put points together")

    def forget(self) -> None:
        """Begins from nothing."""
        self._aggregate.forget()


def _parcel(points: list[str]) -> Parcel:
    body = f"[{','.join(points)}]".encode("utf-8", "replace")
    return Parcel(_PATH, pack(body), len(points))

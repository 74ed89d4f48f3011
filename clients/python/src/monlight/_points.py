"""Writes what was recorded as batches of points, as the collector takes them."""

import json
import time
from collections.abc import Iterator, Sequence

from ._aggregate import Aggregate, Series, Window, request_series
from ._log import logger
from ._outlet import Parcel
from ._tally import Tally
from ._transport import Answer, Verdict, pack, unpack

MOST_POINTS = 1_000
# The collector takes 512 KiB.
_MOST_BYTES = 400_000
# Brace, comma, and the longest number.
_VALUE_BYTES = 27
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
        return self._aggregate.is_empty

    def parcels(self) -> Iterator[Parcel]:
        """Ends the window."""
        texts: list[str] = []
        count = size = 0
        for head, values, end in self._written(self._aggregate.take()):
            # Characters; only labels can have more than one byte in each.
            bytes_of_one = (len(head) if head.isascii() else 4 * len(head)) + _VALUE_BYTES
            at = 0
            while at < len(values):
                fitting = min(MOST_POINTS - count, (_MOST_BYTES - size) // bytes_of_one)
                if fitting <= 0 and count:
                    yield _parcel(texts, count)
                    texts, count, size = [], 0, 0
                    continue
                taken = values[at : at + max(1, fitting)]
                # One point after the other without a step of Python's for each.
                texts.append(head + f"{end},{head}".join(map(repr, taken)) + end)
                at += len(taken)
                count += len(taken)
                size += len(taken) * bytes_of_one
        if count:
            yield _parcel(texts, count)

    def _written(self, window: Window) -> Iterator[tuple[str, Sequence[float], str]]:
        """What stands in front of each value of a series, the values, and what stands behind each."""
        now = time.time()
        start = window.since if 0.0 <= now - window.since <= _LONGEST_WINDOW_S else now
        for series, total in window.counters.items():
            # Many large values may add up to what is none.
            if total[0] <= 1e308:  # noqa: PLR2004
                yield self._head(series, "counter", start), total, "}"
            else:
                self._tally.drop("sums_that_are_too_large")
        for series, (value, at) in window.gauges.items():
            yield self._head(series, "gauge", at), (value,), "}"
        for series, values in window.histograms.items():
            yield self._head(series, "histogram", start), values, "}"
        for key, durations in window.requests.items():
            counter, histogram = request_series(key)
            yield self._head(counter, "counter", start), (len(durations),), "}"
            # To the nanosecond, as the clock is. A float's digits take longer to write, and those beyond do not compress.
            yield self._head(histogram, "histogram", start), [round(seconds * 1e9) for seconds in durations], "e-9}"

    def _head(self, series: Series, kind: str, at: float) -> str:
        name, labels = series
        head: dict[str, object] = {"name": name, "type": kind, "timestamp": int(at * 1000)}
        if labels:
            head["labels"] = dict(labels)
        if self._project is not None:
            head["project"] = self._project
        return json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1] + ',"value":'

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
        return [_parcel(points[:half], half), _parcel(points[half:], len(points) - half)]

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


def _parcel(texts: list[str], count: int) -> Parcel:
    body = f"[{','.join(texts)}]".encode("utf-8", "replace")
    return Parcel(_PATH, pack(body), count)

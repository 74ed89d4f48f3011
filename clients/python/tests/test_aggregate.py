"""What is recorded is summed up, checked and bounded."""

import json
import math
import sys
import threading
from http import HTTPStatus
from types import FrameType
from typing import Any

import pytest

from monlight._aggregate import MOST_KINDS, MOST_SERIES, MOST_VALUES, Aggregate, InvalidPointError
from monlight._points import Points
from monlight._tally import Tally
from monlight._transport import unpack


class Recorder:
    """An aggregate with its source of parcels."""

    def __init__(self) -> None:
        self.tally = Tally("points")
        self.hurried = 0
        self.aggregate = Aggregate(self.tally, self.hurry)
        self.points = Points(self.aggregate, "shop", self.tally)

    def hurry(self) -> None:
        self.hurried += 1

    def request(self, method: str, status: int | str, seconds: float = 0.1) -> None:
        self.aggregate.ended_of(method, "/", status).append(seconds)

    def batches(self) -> list[list[dict[str, Any]]]:
        return [json.loads(unpack(parcel.body)) for parcel in self.points.parcels()]

    def sent(self) -> list[dict[str, Any]]:
        return [point for batch in self.batches() for point in batch]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_counters_of_one_label_set_are_summed(recorder: Recorder) -> None:
    for labels in (
        {"a": "1", "b": "2"},
        {"b": "2", "a": "1"},
        {"a": 1, "b": 2},
        {"a": "1", "b": "2", "none": None, "empty": ""},
    ):
        recorder.aggregate.add("orders", labels, 2)
        recorder.aggregate.add("orders", labels, 1)
    recorder.aggregate.add("orders", None, 0.5)

    points = recorder.sent()

    assert [(point["labels"], point["value"]) for point in points[:1]] == [({"a": "1", "b": "2"}, 12)]
    assert points[1]["value"] == 0.5 and "labels" not in points[1]
    assert len(points) == 2
    assert {point["type"] for point in points} == {"counter"}
    assert {point["project"] for point in points} == {"shop"}


def test_texts_of_labels_are_those_of_the_collector(recorder: Recorder) -> None:
    for value in (True, 1, 1.0, False, 0, "true"):
        recorder.aggregate.add("x", {"v": value}, 1)

    assert {point["labels"]["v"]: point["value"] for point in recorder.sent()} == {
        "true": 2,
        "1": 1,
        "1.0": 1,
        "false": 1,
        "0": 1,
    }


def test_histograms_keep_every_value_and_gauges_the_last(recorder: Recorder) -> None:
    for value in (0.1, 0.30000000000000004, 7):
        recorder.aggregate.observe("seconds", {"a": "b"}, value)
        recorder.aggregate.set("depth", None, value)

    points = recorder.sent()

    assert [point["value"] for point in points if point["type"] == "histogram"] == [0.1, 0.30000000000000004, 7.0]
    assert [point["value"] for point in points if point["type"] == "gauge"] == [7.0]


def test_a_name_may_have_several_types(recorder: Recorder) -> None:
    recorder.aggregate.add("x", None, 1)
    recorder.aggregate.set("x", None, 2)
    recorder.aggregate.observe("x", None, 3)

    assert [point["type"] for point in recorder.sent()] == ["counter", "gauge", "histogram"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1])
def test_what_no_counter_can_take_is_refused(recorder: Recorder, value: float) -> None:
    with pytest.raises(InvalidPointError):
        recorder.aggregate.add("x", None, value)
    assert recorder.sent() == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_alone(recorder: Recorder, value: float) -> None:
    recorder.aggregate.observe("x", None, 1.0)
    with pytest.raises(InvalidPointError):
        recorder.aggregate.observe("x", None, value)
    with pytest.raises(InvalidPointError):
        recorder.aggregate.set("y", None, value)

    assert [point["value"] for point in recorder.sent()] == [1.0]


def test_a_sum_that_grows_beyond_all_numbers_is_dropped_alone(recorder: Recorder) -> None:
    for _ in range(3):
        recorder.aggregate.add("large", None, 1e308)
    recorder.aggregate.add("small", None, 1)

    assert [point["name"] for point in recorder.sent()] == ["small"]
    assert recorder.tally.read()["dropped"] == 1


@pytest.mark.parametrize(
    ("name", "labels"),
    [("", None), (" ", None), ("n" * 201, None), ("x", {"l" * 101: "v"}), ("x", {f"l{number}": "v" for number in range(33)})],
)
def test_what_the_collector_would_refuse_is_refused_here(recorder: Recorder, name: str, labels: dict[str, object]) -> None:
    with pytest.raises(InvalidPointError):
        recorder.aggregate.add(name, labels, 1)


def test_over_long_values_of_labels_are_cut_with_a_mark(recorder: Recorder) -> None:
    for _ in range(2):
        recorder.aggregate.add("x", {"path": "é" * 5_000}, 1)

    (point,) = recorder.sent()

    assert point["labels"]["path"] == "é" * 199 + "…"
    assert point["value"] == 2


def test_too_many_series_become_one_that_says_so(recorder: Recorder) -> None:
    for number in range(MOST_SERIES * 2):
        recorder.aggregate.add("x", {"user": str(number)}, 1)

    points = recorder.sent()

    assert len(points) == MOST_SERIES + 1
    assert sum(point["value"] for point in points) == MOST_SERIES * 2, "no increment is lost"
    assert points[-1]["labels"] == {"overflow": "true"}
    assert recorder.tally.read()["overflowing"] == MOST_SERIES


def test_a_hundred_thousand_in_a_second_are_aggregated_bounded_and_what_is_dropped_is_counted(recorder: Recorder) -> None:
    recorded = dropped = 0
    for number in range(MOST_VALUES + 20_000):
        recorder.aggregate.add("requests", {"route": "/a"}, 1)
        try:
            recorder.aggregate.observe("seconds", {"route": "/a"}, number)
            recorded += 1
        except InvalidPointError:
            dropped += 1

    points = recorder.sent()

    assert (recorded, dropped) == (MOST_VALUES, 20_000)
    assert points[0]["value"] == MOST_VALUES + 20_000, "counters lose nothing"
    assert len(points) == 1 + MOST_VALUES
    assert recorder.hurried == 1, "the sender is called long before that"


def test_requests_beyond_all_bounds_are_still_counted(recorder: Recorder) -> None:
    for _ in range(MOST_VALUES + 5):
        recorder.request("GET", 200)

    points = recorder.sent()

    assert sum(point["value"] for point in points if point["name"] == "http_requests_total") == MOST_VALUES + 5
    assert recorder.tally.read()["dropped_for_want_of_room"] == 5


def test_when_nothing_can_be_sent_sums_wait_and_single_values_go(recorder: Recorder) -> None:
    for _ in range(3):
        recorder.aggregate.add("orders", None, 1)
        recorder.aggregate.observe("seconds", None, 1)
        recorder.request("GET", 200)
        recorder.points.make_room()

    assert {point["name"]: point["value"] for point in recorder.sent()} == {"orders": 3, "http_requests_total": 3}
    assert recorder.tally.read()["dropped_for_want_of_room"] == 6


def test_batches_have_at_most_a_thousand_points_and_fit_the_collector(recorder: Recorder) -> None:
    wide = {f"label-{number}": "ü" * 200 for number in range(32)}
    for number in range(2_500):
        recorder.aggregate.observe("seconds", None, number)
    for number in range(200):
        recorder.aggregate.add("wide", {**wide, "label-0": str(number)}, 1)

    parcels = list(recorder.points.parcels())

    assert sum(parcel.items for parcel in parcels) == 2_700
    assert all(parcel.items <= 1_000 and len(unpack(parcel.body)) < 512 * 1024 for parcel in parcels)
    assert len({parcel.key for parcel in parcels}) == len(parcels)


def test_threads_lose_nothing(recorder: Recorder) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    taken: list[float] = []
    stop = threading.Event()

    def record() -> None:
        for _ in range(5_000):
            recorder.aggregate.add("x", {"a": "b"}, 1)

    def take() -> None:
        while not stop.is_set():
            taken.extend(point["value"] for point in recorder.sent())

    try:
        taker = threading.Thread(target=take)
        taker.start()
        threads = [threading.Thread(target=record) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        taker.join()
    finally:
        sys.setswitchinterval(before)

    assert sum(taken) + sum(point["value"] for point in recorder.sent()) == 20_000


def test_threads_lose_no_requests(recorder: Recorder) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def record() -> None:
        for number in range(5_000):
            recorder.request("GET", 200)
            if number % 7 == 0:
                recorder.aggregate.add_requests()

    taken: list[dict[str, Any]] = []
    try:
        threads = [threading.Thread(target=record) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            taken.extend(recorder.sent())
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    taken.extend(recorder.sent())

    assert sum(point["value"] for point in taken if point["type"] == "counter") == 20_000
    assert len([point for point in taken if point["type"] == "histogram"]) == 20_000


def test_a_flush_in_the_middle_of_adding_loses_no_requests(recorder: Recorder) -> None:
    taken: list[dict[str, Any]] = []
    lines_left = 0

    def flush(frame: FrameType, _event: str, _value: object) -> Any:
        # In the same thread, before one of the lines, as a signal handler does it.
        nonlocal lines_left
        if frame.f_code.co_filename.endswith("_aggregate.py"):
            lines_left -= 1
            if lines_left == 0:
                taken.extend(recorder.sent())
        return flush

    for line in range(1, 151):
        for number in range(10):
            recorder.request("GET", 200 + number % 3)
        lines_left = line
        sys.settrace(flush)
        try:
            recorder.aggregate.add_requests()
        finally:
            sys.settrace(None)
    taken.extend(recorder.sent())

    assert lines_left > 0, "all lines have had their turn"
    assert sum(point["value"] for point in taken if point["type"] == "counter") == 1_500
    assert len([point for point in taken if point["type"] == "histogram"]) == 1_500


def test_kinds_of_requests_are_bounded(recorder: Recorder) -> None:
    for number in range(MOST_KINDS + 1_000):
        recorder.aggregate.ended_of("GET", f"/{number}", 200).append(0.1)
        # Each window has few.
        if number % 500 == 0:
            recorder.sent()
    recorder.sent()
    recorder.aggregate.ended_of("GET", "/7", 200).append(0.1)
    recorder.aggregate.ended_of("GET", "/new", 200).append(0.1)

    assert len(recorder.aggregate.ended) == MOST_KINDS + 1
    assert [point["labels"]["endpoint"] for point in recorder.sent() if point["type"] == "counter"] == ["/7", "<overflow>"]
    assert recorder.tally.read()["overflowing"] == 1_001


def test_requests_are_told_apart_by_what_the_labels_say(recorder: Recorder) -> None:
    ended: list[tuple[str, int | str]] = [("GET", 200), ("GET", HTTPStatus.OK), ("GET", "200"), ("BREW", 418), ("STEW", 418)]
    for method, status in ended:
        recorder.request(method, status)
    assert not recorder.points.is_empty()

    counted = {tuple(point["labels"].values()): point["value"] for point in recorder.sent() if point["type"] == "counter"}

    assert counted == {("/", "GET", "200"): 3, ("/", "OTHER", "418"): 2}
    assert recorder.points.is_empty()


def test_durations_are_told_to_the_nanosecond(recorder: Recorder) -> None:
    recorder.request("GET", 200, 0.000123456000001)
    recorder.request("GET", 200, 0.0001234569999)

    assert [point["value"] for point in recorder.sent() if point["type"] == "histogram"] == [0.000123457, 0.000123456]


def test_recording_inside_of_recording_does_not_hang(recorder: Recorder) -> None:
    # As a signal handler or a finalizer does it, in the thread that holds the lock.
    with recorder.aggregate.lock:
        recorder.aggregate.add("x", None, 1)

    assert recorder.sent()[0]["value"] == 1

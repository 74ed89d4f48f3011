"""The metrics client, over HTTP."""

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from monlight import MetricsClient

from .support.fake_service import FakeService, Reply
from .support.wait import until

Make = Callable[..., MetricsClient]


class Broken:
    """Fails in everything that a label could be used for."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not equal")


def test_a_batch_is_what_the_collector_takes(make_metrics: Make, service: FakeService) -> None:
    client = make_metrics(project="shop")
    client.counter("orders_total", {"kind": "tea"})
    client.counter("orders_total", {"kind": "tea"}, 2)
    client.histogram("search_seconds", 0.25)
    client.gauge("queue_depth", 7, {"queue": "mail"})

    assert client.flush()

    (request,) = service.received
    assert request.path == "/api/metrics"
    assert request.headers["x-api-key"] == "key"
    assert request.headers["content-type"] == "application/json"
    assert len(request.key) == 32
    body = request.body
    stamps = [point.pop("timestamp") for point in body]
    assert all(abs(stamp / 1000 - time.time()) < 5 for stamp in stamps)
    assert body == [
        {"name": "orders_total", "type": "counter", "labels": {"kind": "tea"}, "project": "shop", "value": 3},
        {"name": "queue_depth", "type": "gauge", "labels": {"queue": "mail"}, "project": "shop", "value": 7.0},
        {"name": "search_seconds", "type": "histogram", "project": "shop", "value": 0.25},
    ]
    assert client.stats == {"sent": 3, "dropped": 0}


def test_large_batches_are_compressed(make_metrics: Make, service: FakeService) -> None:
    client = make_metrics()
    for number in range(2_500):
        client.histogram("seconds", number)

    assert client.flush()

    assert [len(request.body) for request in service.received] == [1_000, 1_000, 500]
    assert {request.headers["content-encoding"] for request in service.received} == {"gzip"}
    assert len({request.key for request in service.received}) == 3
    assert sum(len(request.raw) for request in service.received) < 40_000


def test_it_sends_by_itself(make_metrics: Make, service: FakeService) -> None:
    client = make_metrics(flush_interval=0.05)
    client.counter("a")
    until("the first arrives", lambda: service.received)
    client.counter("b")

    until("the second arrives", lambda: [point["name"] for point in service.points] == ["a", "b"])


def test_a_full_buffer_does_not_wait_for_the_interval(make_metrics: Make, service: FakeService) -> None:
    client = make_metrics(flush_interval=3_600)

    for number in range(100_000):
        client.histogram("seconds", number)
    client.flush(20)

    assert client.stats["dropped"] + len(service.points) == 100_000
    assert len(service.received) > 0


@pytest.mark.parametrize(
    "record",
    [
        lambda client: client.counter("x", value=math.nan),
        lambda client: client.counter("x", value=-1),
        lambda client: client.counter("x", value="7 apples"),
        lambda client: client.counter("x", value=None),
        lambda client: client.counter("x", value=10**400),
        lambda client: client.counter(None),
        lambda client: client.counter("x", labels="no labels"),
        lambda client: client.counter("x", labels={1: "a"}),
        lambda client: client.histogram("x", math.inf),
        lambda client: client.histogram("x", Broken()),
        lambda client: client.gauge("x", math.nan),
        lambda client: client.gauge("x", object()),
    ],
)
def test_what_is_no_point_is_dropped_alone_and_counted(
    make_metrics: Make, service: FakeService, record: Callable[[MetricsClient], None]
) -> None:
    client = make_metrics()
    client.counter("good")

    record(client)

    assert client.flush()
    assert [point["name"] for point in service.points] == ["good"]
    assert client.stats["dropped"] == 1


def test_labels_may_be_anything(make_metrics: Make, service: FakeService) -> None:
    client = make_metrics()
    for _ in range(2):
        client.counter("x", {"a": Broken(), "b": [1], "c": Decimal("1.5"), "d": None, "e": ""})

    assert client.flush()

    (point,) = service.points
    assert point["value"] == 2
    assert point["labels"] == {"a": "<Broken: its text could not be made: RuntimeError>", "b": "[1]", "c": "1.5"}


def test_a_timer_measures_blocks_functions_and_coroutines(make_metrics: Make, service: FakeService) -> None:
    client = make_metrics()
    timer = client.timer("job_seconds", {"job": "a"})

    @client.timer("job_seconds", {"job": "b"})
    def job(value: int) -> int:
        return value

    @client.timer("job_seconds", {"job": "c"})
    async def coroutine(value: int) -> int:
        await asyncio.sleep(0.01)
        return value

    with timer, timer:
        pass
    with pytest.raises(ZeroDivisionError), timer:
        _ = 1 // 0
    assert job(7) == 7
    assert asyncio.run(coroutine(8)) == 8
    assert client.flush()

    jobs = [point["labels"]["job"] for point in service.points]
    assert sorted(jobs) == ["a", "a", "a", "b", "c"]
    assert all(point["value"] >= 0.01 for point in service.points if point["labels"]["job"] == "c")


def test_what_the_collector_rejects_is_counted(make_metrics: Make, service: FakeService) -> None:
    service.replies.append(Reply(202, body={"status": "accepted", "count": 1, "rejected": [{"index": 0, "detail": "why"}]}))
    client = make_metrics()
    client.counter("a")
    client.counter("b")

    assert client.flush()

    assert client.stats == {"sent": 1, "dropped": 1, "dropped_rejected": 1}


def test_after_a_shutdown_it_starts_again(make_metrics: Make, service: FakeService) -> None:
    client = make_metrics(flush_interval=0.05)
    client.counter("a")
    assert client.shutdown()
    until("the thread is gone", lambda: "monlight-sender" not in {thread.name for thread in threading.enumerate()})
    client.counter("b")

    until("the second arrives", lambda: [point["name"] for point in service.points] == ["a", "b"])


@pytest.mark.parametrize(
    ("url", "key"),
    [("", "key"), ("no url", "key"), ("ftp://x", "key"), ("http://", "key"), (None, "key"),
     ("http://x", ""), ("http://x", None), ("http://x", "ü"), ("http://x", "a\nb")],
)  # fmt: skip
def test_a_client_that_is_set_up_wrongly_says_so_and_is_no_trouble(
    url: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = MetricsClient(url, key)
    client.counter("x")

    assert "nothing is sent" in caplog.text
    assert client.flush(), "nothing is left"
    assert client.stats["dropped_refused"] == 1


def test_what_is_dropped_is_said_once_as_a_warning(make_metrics: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "monlight")
    client = make_metrics()
    for _ in range(3):
        client.counter("x", value=math.nan)

    said = [record.levelname for record in caplog.records if "dropped" in record.message]
    assert said == ["WARNING", "DEBUG", "DEBUG"]


def test_one_thread_serves_all_clients(make_metrics: Make, service: FakeService) -> None:
    clients = [make_metrics(flush_interval=0.05) for _ in range(5)]
    for client in clients:
        client.counter("x")
    until("all arrive", lambda: len(service.received) >= 5)

    assert [thread.name for thread in threading.enumerate()].count("monlight-sender") == 1

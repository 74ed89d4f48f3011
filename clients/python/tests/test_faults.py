"""Services that are away, slow, busy or refuse. Nothing is lost that can be kept, and the host notices nothing."""

import contextlib
import gc
import logging
import random
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable

import pytest

from monlight import ErrorClient, MetricsClient
from monlight._outlet import MOST_WAITING_BYTES

from .support.fake_service import FakeService, Reply
from .support.services import API_KEY, Services, free_port
from .support.wait import until

MakeErrors = Callable[..., ErrorClient]
MakeMetrics = Callable[..., MetricsClient]


def failing() -> ValueError:
    try:
        raise ValueError("fault")
    except ValueError as error:
        return error


def test_a_service_that_fails_gets_it_again_under_the_same_key(make_metrics: MakeMetrics, service: FakeService) -> None:
    service.replies.extend([Reply(500), Reply(503, {"Retry-After": "0"}), Reply(502)])
    client = make_metrics(flush_interval=0.05)
    client.counter("orders", value=3)

    until("it has arrived", lambda: client.stats["sent"] == 1)

    assert len(service.received) == 4
    assert len({request.key for request in service.received}) == 1
    assert len({request.raw for request in service.received}) == 1


def test_a_connection_that_breaks_is_tried_again_under_the_same_key(make_metrics: MakeMetrics, service: FakeService) -> None:
    service.replies.append(Reply(None))
    client = make_metrics()
    client.counter("orders")

    assert client.flush()

    assert len(service.received) == 2
    assert len({request.key for request in service.received}) == 1


def test_a_busy_service_is_left_alone_for_as_long_as_it_asks(make_metrics: MakeMetrics, service: FakeService) -> None:
    service.replies.append(Reply(429, {"Retry-After": "1"}))
    client = make_metrics(flush_interval=0.05)
    client.counter("orders")
    until("the first try was made", lambda: service.received)
    asked = time.monotonic()
    for _ in range(50):
        client.counter("orders")

    until("all have arrived", lambda: sum(point["value"] for point in service.points[1:]) == 51)

    assert time.monotonic() - asked >= 0.9
    assert service.received[0].key == service.received[1].key


def test_a_flush_waits_for_the_service_that_asked_for_it(make_metrics: MakeMetrics, service: FakeService) -> None:
    service.replies.append(Reply(429, {"Retry-After": "1"}))
    client = make_metrics()
    client.counter("orders")
    assert not client.flush()

    assert client.flush()
    assert len(service.received) == 2


def test_a_date_is_understood_as_well(make_metrics: MakeMetrics, service: FakeService) -> None:
    service.replies.append(Reply(503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
    client = make_metrics(flush_interval=0.05)
    client.counter("orders")

    until("it has arrived", lambda: client.stats["sent"] == 1)


@pytest.mark.parametrize("status", [400, 422])
def test_what_is_wrong_for_ever_is_not_sent_again(make_errors: MakeErrors, service: FakeService, status: int) -> None:
    service.replies.append(Reply(status, body={"detail": "no"}))
    client = make_errors()
    client.capture(failing())
    assert client.flush()

    assert client.stats["dropped_refused"] == 1
    assert len(service.received) == 1


def test_too_large_a_batch_goes_in_halves(make_metrics: MakeMetrics, service: FakeService) -> None:
    service.replies.append(Reply(413))
    client = make_metrics()
    for number in range(10):
        client.histogram("seconds", number)
    assert client.flush()

    assert [len(request.body) for request in service.received] == [10, 5, 5]
    assert [point["value"] for point in service.points[10:]] == list(range(10))


def test_redirects_are_not_followed_with_the_key(make_metrics: MakeMetrics, service: FakeService) -> None:
    service.replies.append(Reply(302, {"Location": f"{service.url}/elsewhere"}))
    client = make_metrics()
    client.counter("x")

    assert not client.flush()
    assert [request.path for request in service.received] == ["/api/metrics"]


def test_a_service_that_is_away_gets_all_when_it_comes_back(services: Services, project: str) -> None:
    # A port that nobody listens on, and then the way to the real collector.
    client = MetricsClient(f"http://127.0.0.1:{free_port()}", API_KEY, project, flush_interval=0.05)
    for _ in range(100):
        client.counter("orders")
    until("it was tried", lambda: client.stats.get("failed_tries"))
    for _ in range(100):
        client.counter("orders")
    client.outlet._transport._base_url = services.collector
    assert client.shutdown(10)

    assert services.values(project, "orders", "counter")[()][1] == 200


def test_a_wrong_key_is_said_once_and_what_waits_arrives_when_it_is_right(
    services: Services, project: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = ErrorClient(services.tracker, "wrong", project)
    client.capture(failing())
    client.flush()
    client.flush()
    said = [record for record in caplog.records if "Invalid API key" in record.getMessage()]
    assert [record.levelno >= logging.WARNING for record in said] == [True]
    assert "wrong" not in caplog.text

    client.outlet._transport._headers["X-API-Key"] = API_KEY
    assert client.shutdown(10)
    assert services.counts(project) == {"ValueError": 1}


def test_a_slow_service_holds_up_nobody(make_errors: MakeErrors, make_metrics: MakeMetrics, service: FakeService) -> None:
    blocked = threading.Event()
    service.otherwise = Reply(202, first=lambda: blocked.wait(20))
    errors, metrics = make_errors(timeout=0.5), make_metrics(timeout=0.5, flush_interval=0.05)
    begun = time.perf_counter()
    for _ in range(200):
        errors.capture(failing())
        metrics.counter("orders")
        metrics.histogram("seconds", 1)
    took = time.perf_counter() - begun
    blocked.set()

    assert took < 10.0, "a single call that waited would take half a second"
    until("all has arrived", lambda: errors.flush() and metrics.flush(), 20)
    assert errors.stats["sent"] == 200


def test_an_answer_without_end_is_not_waited_for() -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.sendall(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")

    server = threading.Thread(target=answer, daemon=True)
    server.start()
    with listening:
        client = MetricsClient(f"http://127.0.0.1:{listening.getsockname()[1]}", "key")
        client.counter("x")

        assert client.flush(), "the status says that it has arrived"
        server.join(10)
        assert not server.is_alive(), "the connection was closed"


def test_a_simulated_time_with_a_dead_server_takes_less_than_5_mb(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    client = MetricsClient(f"http://127.0.0.1:{free_port()}", "key")
    monkeypatch.setattr(client, "start", lambda: None)
    monkeypatch.setattr(client.outlet, "_clock", lambda: now)
    client.outlet._next_pack = now
    # Compresses as badly as durations do.
    durations = [random.lognormvariate(-4, 1) for _ in range(997)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    most = 0
    try:
        # All bounds are reached in two minutes; the benchmark goes on for an hour.
        for second in range(200):
            now += 1.0
            for number in range(900):
                if number < 100:
                    client.counter("http_requests_total", {"endpoint": f"/{number % 50}", "status": "200"})
                client.histogram(
                    "http_request_duration_seconds", durations[(number + second) % 997], {"endpoint": f"/{number % 50}"}
                )
            if client.outlet.due_at() <= now:
                client.outlet.deliver(float("inf"))
            if second % 60 == 0:
                gc.collect()
                most = max(most, tracemalloc.get_traced_memory()[0] - before)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000, f"{peak} bytes at the most, {most} at rest"
    assert client.outlet.waiting_bytes < MOST_WAITING_BYTES + 1_000_000
    assert client.stats["dropped_for_want_of_room"] > 0
    counted = sum(cell[0] for cell in client._aggregate.window.counters.values())
    assert counted > 0, "sums go on while there is no room"
    client.outlet.after_fork()

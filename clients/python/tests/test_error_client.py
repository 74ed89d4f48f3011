"""The error client, over HTTP."""

import asyncio
import math
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

import monlight
from monlight import ErrorClient

from .support.fake_service import FakeService, Reply
from .support.wait import until

Make = Callable[..., ErrorClient]
CREATED = Reply(201, body={"status": "created", "id": 1, "count": 1})


class ShopError(Exception):
    """An application's own."""

    class Nested(Exception):  # noqa: N818
        """One inside of another."""


class NoTextError(Exception):
    """Its text fails."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class FrozenError(Exception):
    """Takes no attributes."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


def caught(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:
        return raised


def test_a_report_is_what_the_tracker_takes(make_errors: Make, service: FakeService) -> None:
    client = make_errors(project="shop", environment="production", release="1.4.2")
    context = {
        "request_url": "https://shop.example.com/cart?page=2&token=SeCrEt",
        "request_method": "POST",
        "request_headers": {"Accept": "*/*", "Cookie": "SeCrEt"},
        "user_id": 7,
        "trace_id": "a" * 32,
        "extra": {"cart": 3, "password": "SeCrEt"},
    }

    event_id = client.capture(caught(ShopError("no price")), context, level="warning", fingerprint=["a", "b"])
    assert client.flush()

    (request,) = service.received
    report = request.body
    assert request.path == "/api/errors"
    assert request.headers["x-api-key"] == "key"
    assert "SeCrEt" not in request.raw.decode("latin-1") and "SeCrEt" not in str(report)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", report.pop("timestamp"))
    assert report.pop("traceback").startswith("Traceback (most recent call last):\n  File ")
    frames = report["extra"].pop("frames")
    assert [frame["context_line"].strip() for frame in frames] == ["raise error"]
    assert report == {
        "project": "shop",
        "environment": "production",
        "release": "1.4.2",
        "exception_type": f"{__name__}.ShopError",
        "message": "no price",
        "request_url": "https://shop.example.com/cart?page=2&token=***",
        "request_method": "POST",
        "request_headers": {"Accept": "*/*"},
        "user_id": "7",
        "trace_id": "a" * 32,
        "extra": {"cart": 3, "password": "***"},
        "event_id": event_id,
        "level": "warning",
        "fingerprint": ["a", "b"],
    }


def test_a_context_may_leave_out_request_and_have_more(make_errors: Make, service: FakeService) -> None:
    client = make_errors()

    client.capture(caught(ValueError()), {"url": "/a", "method": "GET", "headers": {b"A": b"b"}, "job": "nightly"}, extra=[1])
    assert client.flush()

    (report,) = service.reports
    assert (report["request_url"], report["request_method"], report["request_headers"]) == ("/a", "GET", {"A": "b"})
    assert report["extra"]["job"] == "nightly"
    assert report["extra"]["extra"] == [1]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (KeyError(1), "KeyError"),
        (ShopError.Nested(), f"{__name__}.ShopError.Nested"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
    ],
)
def test_types_have_their_full_names(make_errors: Make, service: FakeService, error: BaseException, name: str) -> None:
    client = make_errors()
    client.capture(error)
    assert client.flush()

    assert service.reports[0]["exception_type"] == name


def test_it_takes_what_is_being_handled(make_errors: Make, service: FakeService) -> None:
    client = make_errors()
    assert client.capture() is None
    try:
        raise ShopError("handled")
    except ShopError:
        client.capture()
    assert client.flush()

    assert [report["message"] for report in service.reports] == ["handled"]


def test_an_exception_is_reported_once(make_errors: Make, service: FakeService) -> None:
    client, other = make_errors(project="a"), make_errors(project="b")
    error = caught(ShopError("once"))
    assert client.capture(error) is not None
    assert client.capture(error) is None
    assert other.capture(error) is not None, "another client reports to somebody else"
    assert client.flush() and other.flush()

    assert sorted(report["project"] for report in service.reports) == ["a", "b"]


def test_an_exception_that_takes_no_attributes_is_reported_once_as_well(make_errors: Make, service: FakeService) -> None:
    client = make_errors()
    error = caught(FrozenError("frozen"))
    client.capture(error)
    client.capture(error)
    assert client.flush()

    assert len(service.reports) == 1


def test_many_go_together(make_errors: Make, service: FakeService) -> None:
    blocked = threading.Event()
    service.replies.append(Reply(201, first=lambda: blocked.wait(10)))
    client = make_errors()
    client.capture(caught(ValueError("first")))
    until("the first is on its way", lambda: service.received)
    for number in range(250):
        client.capture(caught(ValueError(str(number))))
    blocked.set()
    assert client.flush()

    assert [request.path for request in service.received[1:]] == ["/api/errors/batch"] * 3
    assert [report["message"] for report in service.reports[1:]] == [str(number) for number in range(250)]
    assert client.stats == {"sent": 251, "dropped": 0}


def test_a_tracker_without_batches_gets_one_by_one(make_errors: Make, service: FakeService) -> None:
    blocked = threading.Event()
    service.replies.extend([Reply(201, first=lambda: blocked.wait(10)), Reply(404)])
    client = make_errors()
    client.capture(caught(ValueError("first")))
    until("the first is on its way", lambda: service.received)
    for number in range(3):
        client.capture(caught(ValueError(str(number))))
    blocked.set()
    assert client.flush()

    assert [request.path for request in service.received[2:]] == ["/api/errors"] * 3
    assert client.stats["sent"] == 4


def test_a_rejected_report_of_a_batch_is_counted_and_the_others_arrive(make_errors: Make, service: FakeService) -> None:
    blocked = threading.Event()
    results = [{"status": "created"}, {"status": "rejected", "detail": "project: longer than 100 characters"}]
    service.replies.extend([Reply(201, first=lambda: blocked.wait(10)), Reply(200, body={"results": results})])
    client = make_errors()
    for number in range(3):
        client.capture(caught(ValueError(str(number))))
        until("the first is on its way", lambda: service.received)
    blocked.set()
    assert client.flush()

    assert client.stats == {"sent": 2, "dropped": 1, "dropped_rejected": 1}


def test_waiting_for_the_report_says_whether_it_arrived(make_errors: Make, service: FakeService) -> None:
    client = make_errors()
    service.replies.extend([CREATED, Reply(200, body={"status": "incremented"}), Reply(500), CREATED, CREATED])

    assert asyncio.run(client.report_error(caught(ValueError("created"))))
    assert client.report_error_sync(caught(ValueError("incremented")))
    assert not client.report_error_sync(caught(ValueError("not now")))
    assert not asyncio.run(client.report_error(caught(ValueError("neither")))), "it stands behind the one that waits"
    assert client.flush()

    messages = [report["message"] for report in service.reports]
    assert messages == ["created", "incremented", "not now", "not now", "neither"]
    assert client.stats["sent"] == 4


def test_waiting_does_not_block_the_event_loop(make_errors: Make, service: FakeService) -> None:
    blocked = threading.Event()
    service.replies.append(Reply(201, first=lambda: blocked.wait(10)))
    client = make_errors()

    async def both() -> bool:
        report = asyncio.ensure_future(client.report_error(caught(ValueError())))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not report.done()
        blocked.set()
        return await report

    assert asyncio.run(both())


def test_a_service_that_hangs_is_waited_for_no_longer_than_the_timeout(make_errors: Make, service: FakeService) -> None:
    blocked = threading.Event()
    service.otherwise = Reply(201, first=lambda: blocked.wait(10))
    client = make_errors(timeout=0.2)

    assert not asyncio.run(client.report_error(caught(ValueError())))
    assert not client.report_error_sync(caught(ValueError()))
    blocked.set()


def test_before_send_may_change_and_drop(make_errors: Make, service: FakeService) -> None:
    def before_send(report: dict[str, Any]) -> dict[str, Any] | None:
        if report["message"] == "drop":
            return None
        report["message"] = "see https://x.io/?token=SeCrEt"
        report["extra"]["added"] = {"password": "SeCrEt", "circle": report, "nan": math.nan}
        report["request_headers"] = {"Cookie": "SeCrEt", "Accept": 1}
        return report

    client = make_errors(before_send=before_send)
    client.capture(caught(ValueError("drop")))
    client.capture(caught(ValueError("change")))
    assert client.flush()

    (report,) = service.reports
    assert "SeCrEt" not in str(report)
    assert report["message"] == "see https://x.io/?token=***"
    assert report["extra"]["frames"], "the rest stays"
    assert report["request_headers"] == {"Accept": "1"}
    assert client.stats["dropped_by_before_send"] == 1


@pytest.mark.parametrize("answer", [1, "text", [], object()])
def test_a_before_send_that_returns_nonsense_changes_nothing(make_errors: Make, service: FakeService, answer: object) -> None:
    client = make_errors(before_send=lambda _report: answer)
    client.capture(caught(ValueError("as it was")))
    assert client.flush()

    assert [report["message"] for report in service.reports] == ["as it was"]


def test_a_before_send_that_fails_changes_nothing(make_errors: Make, service: FakeService) -> None:
    def before_send(report: dict[str, Any]) -> dict[str, Any]:
        report.clear()
        raise RuntimeError("broken")

    client = make_errors(before_send=before_send)
    client.capture(caught(ValueError("as it was")))
    assert client.flush()

    assert [report["message"] for report in service.reports] == ["as it was"]


def test_an_exception_without_a_text_is_reported(make_errors: Make, service: FakeService) -> None:
    client = make_errors()
    client.capture(caught(NoTextError()))
    assert client.flush()

    assert service.reports[0]["message"] == "<NoTextError: its text could not be made: RuntimeError>"


def test_a_context_that_cannot_be_read_does_not_cost_the_report(make_errors: Make, service: FakeService) -> None:
    client = make_errors()
    circle: dict[str, object] = {}
    circle["self"] = circle
    client.capture(caught(ValueError("a")), extra=circle)
    client.capture(caught(ValueError("b")), {"headers": 7})
    client.capture(caught(ValueError("c")), 7)  # type: ignore[arg-type]
    assert client.flush()

    assert [report["message"] for report in service.reports] == ["a", "b", "c"]
    assert service.reports[0]["extra"]["self"] == "[circular]"


def test_what_is_huge_is_cut_below_the_trackers_limits_and_says_so(make_errors: Make, service: FakeService) -> None:
    client = make_errors(project="p" * 500, environment="e" * 500, release="r" * 500)
    huge = "ü\ud800" * 1_000_000
    context = {"url": "/" + huge, "method": huge, "user_id": huge, "headers": {huge[:300] + str(n): huge for n in range(200)}}
    kind = type("E" * 1_000, (Exception,), {})
    client.capture(caught(kind(huge)), context, extra={str(number): huge for number in range(1_000)}, level=huge)
    assert client.flush()

    (report,) = service.reports
    body = service.received[0].body
    assert len(str(body).encode("utf-8", "replace")) < 256 * 1024
    limits = {"project": 100, "exception_type": 200, "environment": 100, "release": 200, "request_url": 2_000, "user_id": 200}
    for name, most_chars in limits.items():
        assert len(report[name]) <= most_chars
    assert "2000000 characters in all]" in report["message"]
    assert "characters in all]" in report["traceback"]
    assert "left out" in str(report["extra"])


def test_what_the_application_said_goes_along(make_errors: Make, service: FakeService) -> None:
    client = make_errors()

    async def work() -> None:
        monlight.set_user(42)
        monlight.set_extra("cart", {"items": 2})
        for number in range(50):
            monlight.add_breadcrumb(f"step {number}", token="SeCrEt")
        client.capture(caught(ValueError()))

    asyncio.run(work())
    client.capture(caught(ValueError()))
    assert client.flush()

    first, second = service.reports
    assert first["user_id"] == "42"
    assert first["extra"]["cart"] == {"items": 2}
    assert [crumb["message"] for crumb in first["extra"]["breadcrumbs"]] == [f"step {number}" for number in range(20, 50)]
    assert first["extra"]["breadcrumbs"][0]["token"] == "***"
    assert "user_id" not in second, "it was said in another context"


def test_a_dead_tracker_holds_a_bounded_number(make_errors: Make, service: FakeService) -> None:
    service.otherwise = Reply(None)
    client = make_errors()
    for number in range(3_000):
        client.capture(caught(ValueError(str(number))))

    assert client.stats["dropped_for_want_of_room"] >= 1_700
    service.otherwise = CREATED
    until("all that was kept arrives", client.flush)
    assert client.stats["sent"] + client.stats["dropped"] == 3_000

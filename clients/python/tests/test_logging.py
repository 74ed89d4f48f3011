"""The handler for the standard library's logging."""

import logging
from collections.abc import Iterator

import pytest

from monlight import ErrorClient, MetricsClient, _context
from monlight.integrations.logging import MonlightHandler
from monlight.testing import Sent

URL = "http://127.0.0.1:9"


@pytest.fixture
def client() -> ErrorClient:
    return ErrorClient(URL, "key")


@pytest.fixture
def log(client: ErrorClient) -> Iterator[logging.Logger]:
    logger = logging.getLogger("shop.cart")
    handler = MonlightHandler(client)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield logger
    root.removeHandler(handler)
    root.setLevel(before)


def test_an_error_becomes_a_report_of_the_line_that_logs_it(sent: Sent, log: logging.Logger) -> None:
    for order in (7, 8):
        log.error("no price for %d, see https://x.io/?token=SeCrEt", order)
    log.warning("not reported")

    first, second = sent.errors
    assert first["exception_type"] == "logging.error"
    assert first["message"] == "no price for 7, see https://x.io/?token=***"
    assert first["level"] == "error"
    assert first["extra"]["logger"] == "shop.cart"
    assert f'File "{__file__}", line ' in first["traceback"]
    assert "in test_an_error_becomes_a_report_of_the_line_that_logs_it" in first["traceback"]
    places = [report["traceback"].splitlines()[1] for report in (first, second)]
    assert places[0] == places[1], "grouped by the place, whatever the text"


def test_an_exception_is_reported_as_itself_and_once(sent: Sent, log: logging.Logger, client: ErrorClient) -> None:
    token = _context.begin(None)
    try:
        raise KeyError("price")
    except KeyError as error:
        log.exception("order %d failed", 7)
        log.exception("again")
        client.capture(error)
    finally:
        _context.end(token)

    (report,) = sent.errors
    assert report["exception_type"] == "KeyError"
    assert report["extra"]["logged"] == "order 7 failed"


def test_what_was_logged_before_goes_along(sent: Sent, log: logging.Logger) -> None:
    log.info("before any request")
    token = _context.begin(None)
    log.info("cart %d opened", 7)
    log.debug("too small to keep")
    log.warning("slow")
    log.critical("broken")
    _context.end(token)

    (report,) = sent.errors
    crumbs = [(crumb["level"], crumb["logger"], crumb["message"]) for crumb in report["extra"]["breadcrumbs"]]
    assert crumbs == [("info", "shop.cart", "cart 7 opened"), ("warning", "shop.cart", "slow")]
    assert report["level"] == "critical"


def test_what_does_not_fit_together_is_reported_as_it_is(sent: Sent, client: ErrorClient) -> None:
    class NoText:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    # Not through a logger: the handlers of the test runner would fail as well.
    handler = MonlightHandler(client)
    for message, arguments in (("%d of %s", ("seven",)), (NoText(), ())):
        handler.emit(logging.LogRecord("shop", logging.ERROR, __file__, 1, message, arguments, None))

    assert [report["message"] for report in sent.errors] == ["%d of %s", "<NoText: its text could not be made: RuntimeError>"]


def test_the_sdk_does_not_report_itself(log: logging.Logger, client: ErrorClient) -> None:
    # Nobody listens there, so each try is logged, by the SDK and by its libraries.
    log.error("one")
    client.flush()
    client.flush()
    MetricsClient(URL, "key").counter("x", value=-1)

    assert len(client._reports._pending) + len(client.outlet._waiting) == 1


def test_a_handler_that_records_metrics_is_no_trouble(sent: Sent) -> None:
    metrics = MetricsClient(URL, "key")

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            metrics.counter("log_lines_total", {"level": record.levelname})

    handler = Counting()
    logging.getLogger("monlight").addHandler(handler)
    try:
        metrics.counter("x", value=-1)
    finally:
        logging.getLogger("monlight").removeHandler(handler)

    assert sent.counter("log_lines_total", level="WARNING") == 1

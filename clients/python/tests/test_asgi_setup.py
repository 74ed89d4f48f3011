"""How an application is set up, starts and stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from monlight import MetricsClient
from monlight.integrations.asgi import MonlightMiddleware
from monlight.integrations.fastapi import setup_monlight
from monlight.testing import Sent

from .support.applications import URL, errors, set_up


@pytest.mark.parametrize("moment", ["startup", "shutdown"])
def test_a_lifespan_that_fails_is_reported_and_fails_as_before(sent: Sent, moment: str) -> None:
    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        if moment == "startup":
            raise ConnectionError("no database")
        yield
        raise ConnectionError("no database any more")

    app = FastAPI(lifespan=lifespan)
    client = set_up(app)
    with pytest.raises(ConnectionError), client:
        pass

    assert errors(sent) == ["ConnectionError"]


def test_the_end_of_the_lifespan_flushes(service: Any) -> None:
    app = FastAPI()

    @app.get("/ok")
    async def ok() -> str:
        return "ok"

    setup_monlight(app, metrics_collector_url=service.url, api_key="key")
    for _ in range(2):
        with TestClient(app) as client:
            client.get("/ok")

    assert [point["value"] for point in service.points if point["type"] == "counter"] == [1, 1]


def test_an_application_without_a_lifespan_flushes_as_well(service: Any) -> None:
    async def app(scope: Any, _: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    metrics = MetricsClient(service.url, "key")
    with TestClient(MonlightMiddleware(app, None, metrics)) as client:
        assert client.get("/x").status_code == 204

    assert [point["labels"] for point in service.points if point["type"] == "counter"] == [
        {"endpoint": "<unmatched>", "method": "GET", "status": "204"}
    ]


def test_either_half_may_be_left_out(sent: Sent) -> None:
    app = FastAPI()

    @app.get("/boom")
    async def boom() -> None:
        raise ValueError

    clients = setup_monlight(app, error_tracker_url=URL, api_key="key")
    assert clients["metrics_client"] is None
    TestClient(app, raise_server_exceptions=False).get("/boom")
    assert errors(sent) == ["ValueError"] and sent.points == []

    other = FastAPI()
    clients = setup_monlight(other, metrics_collector_url=URL, api_key="key")
    assert clients["error_client"] is None
    TestClient(other).get("/none")
    assert sent.counter("http_requests_total") == 1


def test_each_service_may_have_a_key_of_its_own() -> None:
    clients = setup_monlight(
        FastAPI(), error_tracker_url=URL, metrics_collector_url=URL, api_key="both", metrics_collector_api_key="own"
    )

    assert clients["error_client"] is not None and clients["metrics_client"] is not None
    assert clients["error_client"].outlet._transport._headers["X-API-Key"] == "both"
    assert clients["metrics_client"].outlet._transport._headers["X-API-Key"] == "own"


def test_a_second_setup_changes_nothing(sent: Sent) -> None:
    app = FastAPI()
    first = setup_monlight(app, metrics_collector_url=URL, api_key="key")
    assert setup_monlight(app, metrics_collector_url=URL, api_key="key") is first
    TestClient(app).get("/none")

    assert sent.counter("http_requests_total") == 1


def test_an_application_that_runs_already_is_taken_as_well(sent: Sent) -> None:
    app = FastAPI()
    client = TestClient(app)
    client.get("/none")
    setup_monlight(app, metrics_collector_url=URL, api_key="key")
    client.get("/none")

    assert sent.counter("http_requests_total") == 1

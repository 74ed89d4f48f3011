"""Requests that take their time: streams, background tasks, WebSockets, and clients that leave."""

import asyncio
import builtins
import gc
from collections.abc import AsyncIterator
from contextvars import Context, copy_context
from importlib import import_module
from typing import Any
from weakref import ReferenceType, ref

import pytest
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

import monlight
from monlight import ErrorClient
from monlight.integrations.asgi import MonlightMiddleware
from monlight.testing import Sent

from .support.applications import URL, errors, requests, set_up


def test_a_stream_is_timed_to_its_end(sent: Sent) -> None:
    app = FastAPI()

    @app.get("/stream")
    async def stream(fail: bool = False) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"x"
                await asyncio.sleep(0.05)
                if fail and number == 1:
                    raise BufferError("in the middle")

        return StreamingResponse(body())

    client = set_up(app)
    assert client.get("/stream").content == b"xxx"
    client.get("/stream?fail=1")

    shorter, longer = sorted(sent.histogram("http_request_duration_seconds"))
    assert shorter >= 0.1 and longer >= 0.15
    assert requests(sent) == {("GET", "/stream", "200"): 2}
    assert errors(sent) == ["BufferError"]


def test_a_background_task_is_not_part_of_the_duration_but_its_error_is_reported(sent: Sent) -> None:
    app = FastAPI()

    @app.get("/later")
    async def later(tasks: BackgroundTasks) -> str:
        async def work() -> None:
            await asyncio.sleep(0.3)
            raise TimeoutError("in the background")

        tasks.add_task(work)
        return "later"

    client = set_up(app)
    assert client.get("/later").status_code == 200

    assert errors(sent) == ["TimeoutError"]
    assert sent.errors[0]["request_url"] == "http://testserver/later"
    assert sent.histogram("http_request_duration_seconds")[0] < 0.3


@pytest.mark.parametrize("optional", [{"scheme": "https", "server": ("shop.example.com", 443), "query_string": b"page=2"}, {}])
def test_who_keeps_the_context_of_a_request_keeps_little_of_it(sent: Sent, optional: dict[str, Any]) -> None:
    class Scope(dict[str, Any]):
        """One that can be watched."""

    # As timers do, even cancelled ones, which the event loop keeps for a while; and tasks that go on.
    contexts: list[Context] = []
    watched: list[ReferenceType[Scope]] = []
    error_client = ErrorClient(URL, "key")

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        contexts.append(copy_context())
        if scope["path"] == "/said":
            monlight.set_user("u7")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        contexts.append(copy_context())

    async def serve(path: str) -> None:
        scope = Scope(type="http", method="GET", path=path, headers=[(b"host", b"shop.example.com")], **optional)
        watched.append(ref(scope))
        await MonlightMiddleware(app, error_client, None)(scope, receive, send)

    asyncio.run(serve("/silent"))
    asyncio.run(serve("/said"))
    gc.collect()

    assert [scope() for scope in watched] == [None, None]
    for context in contexts:
        context.run(error_client.capture, TimeoutError("later"))
    url = "https://shop.example.com{}?page=2" if optional else "http://shop.example.com{}"
    assert len(contexts) == 6
    assert [report["request_url"] for report in sent.errors] == [url.format("/silent")] * 3 + [url.format("/said")] * 3
    assert [report.get("user_id") for report in sent.errors] == [None] * 3 + ["u7"] * 3
    assert {report["request_method"] for report in sent.errors} == {"GET"}


def test_a_group_of_exceptions_is_one_report_with_all_its_members(sent: Sent) -> None:
    group = getattr(builtins, "ExceptionGroup", None) or import_module("exceptiongroup").ExceptionGroup
    app = FastAPI()

    @app.get("/group")
    async def together() -> None:
        raise group("two went wrong", [ValueError("first"), OSError("second")])

    set_up(app).get("/group")

    (report,) = sent.errors
    assert report["exception_type"].endswith("ExceptionGroup")
    assert "ValueError: first" in report["traceback"] and "OSError: second" in report["traceback"]


def test_websockets_are_counted_by_their_code_and_their_errors_reported(sent: Sent) -> None:
    app = FastAPI()

    @app.websocket("/ws/{room}")
    async def ws(socket: WebSocket, room: str) -> None:
        await socket.accept()
        if room == "broken":
            raise LookupError(room)
        await socket.send_text(await socket.receive_text())
        await socket.close(3001)

    client = set_up(app)
    with client.websocket_connect("/ws/a") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
        socket.receive()
    with pytest.raises(LookupError), client.websocket_connect("/ws/broken") as socket:
        socket.receive_text()

    assert sent.counter("websocket_connections_total", endpoint="/ws/{room}", code="3001") == 1
    assert sent.counter("websocket_connections_total", endpoint="/ws/{room}") == 2
    assert len(sent.histogram("websocket_connection_duration_seconds")) == 2
    assert errors(sent) == ["LookupError"]
    assert sent.errors[0]["request_method"] == "WEBSOCKET"
    assert requests(sent) == {}


async def call(app: Any, path: str, receive: Any, send: Any) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "path_params": {}}
    await app(scope, receive, send)


def test_a_client_that_leaves_is_no_error(sent: Sent) -> None:
    app = FastAPI()

    @app.post("/upload")
    @app.get("/upload")
    async def upload(request: Request) -> str:
        await request.body()
        return "never"

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"x"
                await asyncio.sleep(0.001)

        return StreamingResponse(body())

    set_up(app)

    async def leave() -> None:
        messages: list[Any] = []
        began = asyncio.Event()

        async def gone() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def gone_later() -> dict[str, Any]:
            await began.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            messages.append(message)
            if message["type"] == "http.response.body":
                began.set()

        try:
            await call(app, "/upload", gone, send)
        except Exception as error:
            assert type(error).__name__ == "ClientDisconnect"
        await call(app, "/endless", gone_later, send)

    asyncio.run(leave())

    assert errors(sent) == []
    answered = requests(sent)
    assert answered[("GET", "/endless", "200")] == 1
    assert sum(answered.values()) == 2


def test_a_cancelled_request_is_counted_and_stays_cancelled(sent: Sent) -> None:
    app = FastAPI()

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    set_up(app)

    async def cancel() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Any) -> None:
            pass

        task = asyncio.ensure_future(call(app, "/slow", receive, send))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert requests(sent) == {("GET", "/slow", "499"): 1}
    assert errors(sent) == []

"""The middleware with Starlette and FastAPI in all the ways that requests can go."""

import asyncio
import builtins
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

import monlight
from monlight import ErrorClient, MetricsClient
from monlight.integrations.asgi import MonlightMiddleware
from monlight.integrations.fastapi import MonlightExceptionHandler, setup_monlight
from monlight.testing import Sent, captured

URL = "http://127.0.0.1:9"
# Put together, so that the lines of source in the report do not have it.
SECRET = "Se" + "CrEt"


@pytest.fixture
def sent() -> Iterator[Sent]:
    with captured() as everything:
        yield everything


def set_up(app: Any) -> TestClient:
    setup_monlight(app, error_tracker_url=URL, metrics_collector_url=URL, api_key="key", project="shop")
    return TestClient(app, raise_server_exceptions=False)


def requests(sent: Sent) -> dict[tuple[str, str, str], float]:
    return {
        (point["labels"]["method"], point["labels"]["endpoint"], point["labels"]["status"]): point["value"]
        for point in sent.points
        if point["name"] == "http_requests_total"
    }


def errors(sent: Sent) -> list[str]:
    return [report["exception_type"].rpartition(".")[2] for report in sent.errors]


def test_labels_are_method_template_and_status(sent: Sent) -> None:
    app = FastAPI()
    router, inner = APIRouter(prefix="/items"), APIRouter(prefix="/deep")

    @app.get("/plain")
    async def plain() -> str:
        return "a"

    @router.get("/{item}")
    async def item(item: int) -> int:
        if item == 0:
            raise HTTPException(404)
        return item

    @inner.get("/x/{rest:path}")
    def rest(rest: str) -> str:
        return rest

    router.include_router(inner)
    app.include_router(router, prefix="/api/{tenant}")
    with set_up(app) as client:
        for path in [
            "/plain",
            "/api/a/items/1",
            "/api/b/items/2",
            "/api/b/items/0",
            "/api/b/items/deep/x/1/2/3",
            "/openapi.json",
        ]:
            client.get(path)
        client.post("/plain")
        client.request("BREW", "/plain")
        for number in range(50):
            client.get(f"/wp-admin/{number}")

    assert requests(sent) == {
        ("GET", "/plain", "200"): 1,
        ("GET", "/api/{tenant}/items/{item}", "200"): 2,
        ("GET", "/api/{tenant}/items/{item}", "404"): 1,
        ("GET", "/api/{tenant}/items/deep/x/{rest:path}", "200"): 1,
        ("GET", "/openapi.json", "200"): 1,
        ("POST", "/plain", "405"): 1,
        ("OTHER", "/plain", "405"): 1,
        ("GET", "<unmatched>", "404"): 50,
    }
    assert len(sent.histogram("http_request_duration_seconds")) == 58
    assert errors(sent) == []


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


@pytest.mark.parametrize("root_path", ["", "/behind/proxy"])
def test_mounted_applications_have_the_mounts_prefix(sent: Sent, tmp_path: Any, root_path: str) -> None:
    (tmp_path / "a.txt").write_text("a")
    sub = FastAPI()

    @sub.get("/things/{thing}")
    async def thing(thing: str) -> str:
        return thing

    app = FastAPI()
    app.mount("/sub", sub)
    app.mount("/tenants/{tenant}", Router(routes=[Route("/p/{page:int}", echo), Mount("/n", app=sub)]))
    app.mount("/static", StaticFiles(directory=tmp_path))
    set_up(app)
    with TestClient(app, root_path=root_path) as client:
        for path in [
            "/sub/things/1", "/sub/things/sub", "/sub/none", "/tenants/7/p/0012", "/tenants/things/n/things/things",
            "/tenants/7/none", "/static/a.txt", "/static/none.txt",
        ]:  # fmt: skip
            client.get(root_path + path)

    assert requests(sent) == {
        ("GET", "/sub/things/{thing}", "200"): 2,
        ("GET", "/tenants/{tenant}/p/{page:int}", "200"): 1,
        ("GET", "/tenants/{tenant}/n/things/{thing}", "200"): 1,
        ("GET", "<unmatched>", "404"): 2,
        ("GET", "/static", "200"): 1,
        ("GET", "/static", "404"): 1,
    }


def test_starlette_alone_works_the_same(sent: Sent) -> None:
    async def boom(_: Request) -> PlainTextResponse:
        raise LookupError("boom")

    app = Starlette(routes=[Route("/a/{b}", echo), Mount("/m", routes=[Route("/boom/{c}", boom)])])
    with set_up(app) as client:
        client.get("/a/1")
        client.get("/m/boom/2")

    assert requests(sent) == {("GET", "/a/{b}", "200"): 1, ("GET", "/m/boom/{c}", "500"): 1}
    assert errors(sent) == ["LookupError"]


def test_an_error_comes_with_its_request(sent: Sent) -> None:
    app = FastAPI()

    @app.post("/pay/{order}")
    async def pay(order: int) -> int:
        monlight.set_user("u7")
        raise KeyError(order)

    client = set_up(app)
    headers = {
        "Cookie": SECRET,
        "Authorization": SECRET,
        "X-Api-Key": SECRET,
        "X-Request-Id": "r1",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    }
    answer = client.post(f"/pay/7?page=2&token={SECRET}", headers=headers, content=SECRET)

    assert answer.status_code == 500
    (report,) = sent.errors
    assert SECRET not in str(report)
    assert report["request_url"] == "http://testserver/pay/7?page=2&token=***"
    assert report["request_method"] == "POST"
    assert report["request_headers"]["x-request-id"] == "r1"
    assert not {"cookie", "authorization", "x-api-key"} & report["request_headers"].keys()
    assert report["trace_id"] == "a" * 32
    assert report["user_id"] == "u7"
    assert report["exception_type"] == "KeyError"
    assert "_asgi.py" not in report["traceback"].splitlines()[1], "the stack begins outside of the SDK"
    assert "in pay\n    raise KeyError(order)" in report["traceback"]


def test_the_applications_own_handlers_still_run(sent: Sent) -> None:
    app = FastAPI()

    @app.exception_handler(ValueError)
    async def known(_: Request, exc: ValueError) -> JSONResponse:
        return JSONResponse({"handled": str(exc)}, status_code=400)

    @app.exception_handler(Exception)
    async def unknown(_: Request, exc: Exception) -> JSONResponse:
        return JSONResponse({"last": str(exc)}, status_code=500)

    @app.get("/known")
    async def raise_known() -> None:
        raise ValueError("known")

    @app.get("/unknown")
    async def raise_unknown() -> None:
        raise OSError("unknown")

    client = set_up(app)

    assert client.get("/known").json() == {"handled": "known"}
    assert client.get("/unknown").json() == {"last": "unknown"}
    assert errors(sent) == ["OSError"], "what is handled is no error"


def test_handler_middleware_and_capture_report_once(sent: Sent) -> None:
    app = FastAPI()
    client = set_up(app)
    error_client: ErrorClient = app.state.monlight["error_client"]
    app.add_exception_handler(Exception, MonlightExceptionHandler(error_client))
    lasting = RuntimeError("one object, raised again and again")

    @app.get("/boom")
    async def boom() -> None:
        try:
            raise lasting
        except RuntimeError as error:
            error_client.capture(error)
            raise

    assert client.get("/boom").text == "Internal Server Error"
    assert errors(sent) == ["RuntimeError"]
    client.get("/boom")
    assert errors(sent) == ["RuntimeError"] * 2, "once for each request"


def test_errors_inside_of_other_middleware_are_seen(sent: Sent) -> None:
    app = FastAPI()
    client = set_up(app)

    @app.get("/ok")
    async def ok() -> str:
        return "ok"

    # Added after the setup, and so outermost of the application's.
    @app.middleware("http")
    async def failing(request: Request, call_next: Callable[[Request], Awaitable[Any]]) -> Any:
        response = await call_next(request)
        if "fail" in request.query_params:
            raise PermissionError("in middleware")
        return response

    client.get("/ok")
    client.get("/ok?fail=1")

    assert errors(sent) == ["PermissionError"]
    assert requests(sent) == {("GET", "/ok", "200"): 1, ("GET", "/ok", "500"): 1}


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

    first, second = sent.histogram("http_request_duration_seconds")
    assert first >= 0.15 and second >= 0.1
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


def test_context_variables_stay_visible_from_the_inside_to_the_outside(sent: Sent) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")
    seen: list[str] = []
    app = FastAPI()

    async def dependency() -> None:
        variable.set("set inside")

    @app.get("/ok", dependencies=[Depends(dependency)])
    async def ok() -> str:
        return variable.get()

    client = set_up(app)
    inner = app.build_middleware_stack

    def outer() -> Any:
        stack = inner()

        async def watch(scope: Any, receive: Any, send: Any) -> None:
            await stack(scope, receive, send)
            if scope["type"] == "http":
                seen.append(variable.get())

        return watch

    app.build_middleware_stack = outer  # type: ignore[method-assign]
    client.get("/ok")

    assert seen == ["set inside"]
    assert sent.errors == []


def test_what_is_said_in_one_request_is_not_in_the_next(sent: Sent) -> None:
    app = FastAPI()

    @app.get("/{user}")
    def boom(user: str) -> None:
        if user != "nobody":
            monlight.set_user(user)
        raise ValueError(user)

    # As in many applications; it runs what is inside in a task of its own.
    app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
    client = set_up(app)
    for user in ("a", "b", "nobody"):
        client.get(f"/{user}")

    assert [report.get("user_id") for report in sent.errors] == ["a", "b", None]


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

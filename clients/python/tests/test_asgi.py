"""The middleware with Starlette and FastAPI in all the ways that requests can go."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

import monlight
from monlight import ErrorClient
from monlight.integrations.fastapi import MonlightExceptionHandler
from monlight.testing import Sent

from .support.applications import errors, requests, set_up

# Put together, so that the lines of source in the report do not have it.
SECRET = "Se" + "CrEt"


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

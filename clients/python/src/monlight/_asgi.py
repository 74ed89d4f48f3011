"""Middleware for ASGI applications: requests are counted and timed, errors reported. Nothing else changes.

It is pure: no task of its own, no copy of the context, no buffering. Per request it costs a few microseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from operator import itemgetter
from time import perf_counter
from typing import Any

from . import _context
from ._endpoint import endpoint_of
from ._errors import ErrorClient
from ._metrics import MetricsClient
from ._trace import trace_id_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# How servers and Starlette say that the client has gone away, which is nobody's error.
_DISCONNECTS = frozenset({"ClientDisconnect", "ClientDisconnected"})
_CLIENT_LEFT = 499
_REST_S = 2.0
_begin, _end = _context.slips.set, _context.slips.reset


# What `describe` reads of a request.
_DESCRIBED = ("headers", "server", "scheme", "path", "query_string", "method")
_described_of = itemgetter(*_DESCRIBED)

# How this is written counts, as it runs between the code of a server. Slots and no constructor are faster, and so are names for
# what is called: Python 3.11 looks for a method where it sees a call of an attribute.


class _Exchange:
    """One HTTP request and its answer: what stands before the server's `send`."""

    __slots__ = ("count", "pass_on", "root", "scope", "started", "status")

    # None once the request is counted.
    scope: Scope | None
    root: str
    started: float
    # Of the answer, once it has begun.
    status: int | None
    count: Callable[[str, str, int, float], None]
    pass_on: Send

    # No coroutine of its own: the caller awaits the server's.
    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif self.status and (scope := self.scope) is not None and ("more_body" not in message or not message["more_body"]):
            # The last part of the body; a background task may go on for long.
            self.scope = None
            count = self.count
            count(scope["method"], endpoint_of(scope, self.root), self.status, perf_counter() - self.started)
        pass_on = self.pass_on
        return pass_on(message)


class MonlightMiddleware:
    """Counts requests in `http_requests_total` and `http_request_duration_seconds`, and reports what is raised.

    Put it outermost, so that it sees what other middleware does: `app = MonlightMiddleware(app, error_client, metrics_client)`.
    """

    def __init__(self, app: App, error_client: ErrorClient | None = None, metrics_client: MetricsClient | None = None) -> None:
        self.app = app
        self._errors = error_client
        self._metrics = metrics_client
        self._count = metrics_client.request if metrics_client is not None else _count_nothing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await self._websocket(scope, receive, send)
            else:
                await self._lifespan(scope, receive, send)
            return
        slip: _context.Slip = [describe, scope, None]
        exchange = _Exchange()
        exchange.scope = scope
        exchange.root = scope.get("root_path", "")
        exchange.status = None
        exchange.count = self._count
        exchange.pass_on = send
        exchange.started = perf_counter()
        app = self.app
        token = _begin(slip)
        try:
            await app(scope, receive, exchange.send)
        except Exception as exc:
            if type(exc).__name__ not in _DISCONNECTS:
                exchange.status = exchange.status or 500
                if self._errors is not None:
                    self._errors.capture(exc)
            raise
        finally:
            try:
                slip[1] = _described_of(scope)
                _end(token)
            except (KeyError, ValueError):  # a server that leaves out what it may; another context than it began in
                slip[1] = tuple(map(scope.get, _DESCRIBED))
                _context.end(token)
            if slip[2] is not None:
                slip[2].source = slip[1]
            if exchange.scope is not None:
                status = exchange.status or _CLIENT_LEFT
                self._count(scope["method"], endpoint_of(scope, exchange.root), status, perf_counter() - exchange.started)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        root = scope.get("root_path", "")
        code = 1006

        async def watching_receive() -> Message:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code", 1005)
            return message

        def watching_send(message: Message) -> Awaitable[None]:
            nonlocal code
            if message["type"] == "websocket.close":
                code = message.get("code", 1000)
            return send(message)

        token = _context.begin(describe, scope)
        try:
            await self.app(scope, watching_receive, watching_send)
        except Exception as exc:
            if self._errors is not None and type(exc).__name__ not in _DISCONNECTS:
                self._errors.capture(exc)
            raise
        finally:
            _context.end(token)
            if self._metrics is not None:
                labels = {"endpoint": endpoint_of(scope, root), "code": str(code)}
                self._metrics.counter("websocket_connections_total", labels)
                self._metrics.histogram("websocket_connection_duration_seconds", perf_counter() - started, labels)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes_part = False

        def watching_receive() -> Awaitable[Message]:
            nonlocal takes_part
            takes_part = True
            return receive()

        async def resting_send(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                # All requests are done. The server may end the process by a signal right after this.
                await self._rest()
            await send(message)

        try:
            await self.app(scope, watching_receive, resting_send)
        except Exception as exc:
            if not takes_part:
                # The application knows nothing of a lifespan. The server still tells when it stops.
                await self._own_lifespan(receive, resting_send)
                return
            if self._errors is not None:
                self._errors.capture(exc)
                await self._rest()
            raise

    async def _own_lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _rest(self) -> None:
        clients = [client for client in (self._errors, self._metrics) if client is not None]
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # Another kind of event loop. Nothing else is running any more.
            for client in clients:
                client.shutdown(_REST_S)
        else:
            await asyncio.gather(*(asyncio.to_thread(client.shutdown, _REST_S) for client in clients))


def _count_nothing(_method: str, _endpoint: str, _status: int, _seconds: float) -> None:
    """Without a metrics client."""


def describe(source: Scope | tuple[Any, ...]) -> Mapping[str, Any]:
    """URL, method, headers and trace of a connection, by its scope or what was kept of it."""
    scope = dict(zip(_DESCRIBED, source, strict=True)) if isinstance(source, tuple) else source
    headers: dict[str, str] = {}
    for name, value in scope.get("headers") or ():
        text = value.decode("latin-1")
        known = name.decode("latin-1").lower()
        headers[known] = f"{headers[known]}, {text}" if known in headers else text
    server = scope.get("server") or ("", None)
    host = headers.get("host") or (f"{server[0]}:{server[1]}" if server[1] else str(server[0]))
    query = (scope.get("query_string") or b"").decode("latin-1")
    path = scope.get("path") or ""
    return {
        "request_url": f"{scope.get('scheme') or 'http'}://{host}{path}{'?' + query if query else ''}",
        "request_method": scope.get("method") or "WEBSOCKET",
        "request_headers": headers,
        "trace_id": trace_id_of(headers.get("traceparent")),
    }

"""Django: `MonlightMiddleware` first in MIDDLEWARE, and the options of `setup_monlight` as the setting MONLIGHT."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from time import perf_counter
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.signals import got_request_exception

from .. import _context
from .._asgi import App, Receive, Scope, Send
from .._asgi import MonlightMiddleware as MonlightASGIMiddleware
from .._endpoint import UNMATCHED
from .._log import logger
from .._setup import Clients, make_clients
from .._trace import trace_id_of

__all__ = ["MonlightMiddleware", "flush_at_shutdown", "get_clients"]

_DEFAULTS: dict[str, Any] = {
    "error_tracker_url": None,
    "metrics_collector_url": None,
    "api_key": "",
    "error_tracker_api_key": None,
    "metrics_collector_api_key": None,
    "project": "default",
    "environment": None,
    "release": None,
    "flush_interval": 10.0,
}


@lru_cache(maxsize=1)
def get_clients() -> Clients:
    """The process's clients."""
    given = dict(getattr(settings, "MONLIGHT", None) or {})
    unknown = sorted(given.keys() - _DEFAULTS.keys())
    if unknown:
        logger.warning("monlight: MONLIGHT has no option %s", ", ".join(unknown))
    clients = make_clients(**{name: given.get(name, default) for name, default in _DEFAULTS.items()})
    got_request_exception.connect(_report, dispatch_uid="monlight", weak=False)
    return clients


def _report(request: Any = None, **_: Any) -> None:
    errors = get_clients()["error_client"]
    exc = sys.exc_info()[1]
    if errors is not None and exc is not None:
        known = _context.current() is not None
        errors.capture(exc, None if known or request is None else _describe(request))


class MonlightMiddleware:
    """Counts requests by their routes, and reports what is raised in views and in the middleware after this one."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response
        self._metrics = get_clients()["metrics_client"]
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Serves one request."""
        if self._is_async:
            return self._serve(request, self._get_response)
        started = perf_counter()
        token = _context.begin(_describe, request)
        try:
            response = self._get_response(request)
        finally:
            _context.end(token)
        return self._told(request, response, started)

    async def _serve(self, request: Any, get_response: Callable[[Any], Awaitable[Any]]) -> Any:
        started = perf_counter()
        token = _context.begin(_describe, request)
        try:
            response = await get_response(request)
        finally:
            _context.end(token)
        return self._told(request, response, started)

    def _told(self, request: Any, response: Any, started: float) -> Any:
        if not getattr(response, "streaming", False):
            self._tell(request, response, perf_counter() - started)
            return response
        close = response.close

        def telling_close() -> None:
            # The server calls it after the last part of the body.
            response.close = close
            self._tell(request, response, perf_counter() - started)
            close()

        response.close = telling_close
        return response

    def _tell(self, request: Any, response: Any, seconds: float) -> None:
        if self._metrics is not None:
            match = getattr(request, "resolver_match", None)
            endpoint = f"/{match.route}" if match is not None else UNMATCHED
            self._metrics.request(request.method, endpoint, response.status_code, seconds)


def flush_at_shutdown(application: App) -> App:
    """Wraps `get_asgi_application()`: ASGI servers end by a signal, and what is left must be sent before that.

    Django itself takes no part in the server's start and stop. Under WSGI servers nothing is needed.
    """
    clients = get_clients()
    lifespan = MonlightASGIMiddleware(application, clients["error_client"], clients["metrics_client"])

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        # Requests are counted inside of Django, where their routes are known.
        await (lifespan if scope["type"] == "lifespan" else application)(scope, receive, send)

    return serve


def _describe(request: Any) -> Mapping[str, Any]:
    try:
        url = request.build_absolute_uri()
    except Exception:  # a host that is not allowed
        url = request.get_full_path()
    return {
        "request_url": url,
        "request_method": request.method,
        "request_headers": dict(request.headers),
        "trace_id": trace_id_of(request.headers.get("traceparent")),
    }

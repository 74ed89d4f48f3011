"""FastAPI, and Starlette in the same way."""

from typing import Any

from .._asgi import App, MonlightMiddleware
from .._errors import ErrorClient
from .._log import logger
from .._setup import Clients, make_clients

__all__ = ["MonlightExceptionHandler", "MonlightMiddleware", "setup_monlight"]


def setup_monlight(
    app: Any,
    *,
    error_tracker_url: str | None = None,
    metrics_collector_url: str | None = None,
    api_key: str,
    error_tracker_api_key: str | None = None,
    metrics_collector_api_key: str | None = None,
    project: str = "default",
    environment: str | None = None,
    release: str | None = None,
    flush_interval: float = 10.0,
) -> Clients:
    """Reports the application's errors and counts its requests, from its first start to its last stop.

    A URL of None leaves that half out. The application's own exception handlers still run. Set up a second time, an
    application keeps what it had.
    """
    known: Clients | None = getattr(app.state, "monlight", None)
    if known is not None:
        logger.warning("monlight: this application is set up already")
        return known
    clients = make_clients(
        error_tracker_url=error_tracker_url,
        metrics_collector_url=metrics_collector_url,
        api_key=api_key,
        error_tracker_api_key=error_tracker_api_key,
        metrics_collector_api_key=metrics_collector_api_key,
        project=project,
        environment=environment,
        release=release,
        flush_interval=flush_interval,
    )
    app.state.monlight = clients
    _wrap(app, clients)
    return clients


def _wrap(app: Any, clients: Clients) -> None:
    """Around everything: `add_middleware` would leave out the answers to errors, and middleware that is added later."""

    def wrapped(stack: Any) -> App:
        # The method of the object: calling the object itself takes Python longer.
        return MonlightMiddleware(stack, clients["error_client"], clients["metrics_client"]).__call__

    if app.middleware_stack is not None:
        app.middleware_stack = wrapped(app.middleware_stack)
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: wrapped(build())


class MonlightExceptionHandler:
    """Reports what it is asked to handle, and answers 500.

    `app.add_exception_handler(Exception, MonlightExceptionHandler(client))` is for applications that do without the middleware;
    `setup_monlight` does not need it.
    """

    def __init__(self, error_client: ErrorClient) -> None:
        self._errors = error_client

    async def __call__(self, request: Any, exc: Exception) -> Any:
        """Handles one exception."""
        from starlette.responses import PlainTextResponse  # noqa: PLC0415 # not a dependency

        from .._asgi import describe  # noqa: PLC0415

        self._errors.capture(exc, describe(request.scope))
        return PlainTextResponse("Internal Server Error", status_code=500)

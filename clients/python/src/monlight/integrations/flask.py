"""Flask."""

from typing import Any

from flask import Flask, got_request_exception, request, request_started

from .._log import logger
from .._setup import Clients, make_clients
from .._wsgi import ENDPOINT, MonlightWSGIMiddleware

__all__ = ["setup_monlight"]


def setup_monlight(
    app: Flask,
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
    """Reports the application's errors and counts its requests. A URL of None leaves that half out."""
    known: Clients | None = app.extensions.get("monlight")
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
    app.extensions["monlight"] = clients
    errors = clients["error_client"]

    def note_route(_app: Flask, **_: Any) -> None:
        if request.url_rule is not None:
            request.environ[ENDPOINT] = request.url_rule.rule

    def report(_app: Flask, exception: Exception, **_: Any) -> None:
        # Flask answers with a 500 itself, so nothing reaches the middleware.
        if errors is not None:
            errors.capture(exception)

    request_started.connect(note_route, app, weak=False)
    got_request_exception.connect(report, app, weak=False)
    app.wsgi_app = MonlightWSGIMiddleware(app.wsgi_app, errors, clients["metrics_client"])  # type: ignore[method-assign]
    return clients

"""The same small application, bare and under each of the ways to watch it. Each is made in a process of its own."""

import os
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

Watch = Callable[[FastAPI], Any]


def application() -> FastAPI:
    """One route with a parameter."""
    app = FastAPI(openapi_url=None)

    @app.get("/items/{item}")
    async def read(item: int) -> dict[str, int]:
        return {"item": item}

    return app


def bare(app: FastAPI) -> FastAPI:
    """Nothing around it."""
    return app


def monlight(app: FastAPI) -> FastAPI:
    """Errors and both metrics."""
    from monlight.integrations.fastapi import setup_monlight  # noqa: PLC0415

    url = os.environ["SINK_URL"]
    setup_monlight(app, error_tracker_url=url, metrics_collector_url=url, api_key="key", project="bench")
    return app


def prometheus(app: FastAPI) -> Any:
    """prometheus-client with the same two metrics, in middleware as lean as ours."""
    from prometheus_client import Counter, Histogram  # noqa: PLC0415

    requests = Counter("http_requests_total", "Requests", ["method", "endpoint", "status"])
    durations = Histogram("http_request_duration_seconds", "Seconds", ["method", "endpoint", "status"])

    async def watch(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began = time.perf_counter()
        status = "500"

        def watching(message: Any) -> Any:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            return send(message)

        try:
            await app(scope, receive, watching)
        finally:
            endpoint = getattr(scope.get("route"), "path", "")
            requests.labels(scope["method"], endpoint, status).inc()
            durations.labels(scope["method"], endpoint, status).observe(time.perf_counter() - began)

    return watch


def sentry(app: FastAPI, traces: float | None = None) -> FastAPI:
    """sentry-sdk as its documentation sets it up: errors alone."""
    import sentry_sdk  # noqa: PLC0415

    sentry_sdk.init(os.environ["SINK_URL"].replace("://", "://key@") + "/1", traces_sample_rate=traces)
    return app


def sentry_traces(app: FastAPI) -> FastAPI:
    """sentry-sdk with traces, which is what measures requests there."""
    return sentry(app, 1.0)


def opentelemetry(app: FastAPI) -> FastAPI:
    """The SDK of OpenTelemetry with a reader of metrics; FastAPI measures its requests itself."""
    from opentelemetry import metrics  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415

    metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()]))
    return app


def opentelemetry_traces(app: FastAPI) -> FastAPI:
    """The same with traces, each span exported in batches."""
    from opentelemetry import trace  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    trace.set_tracer_provider(provider)
    return opentelemetry(app)


VARIANTS: dict[str, Watch] = {
    "bare": bare,
    "monlight": monlight,
    "prometheus-client": prometheus,
    "sentry-sdk, errors": sentry,
    "sentry-sdk, traces": sentry_traces,
    "OpenTelemetry, metrics": opentelemetry,
    "OpenTelemetry, metrics and traces": opentelemetry_traces,
}

# For a server that loads it by name.
if variant := os.environ.get("BENCH_VARIANT"):
    app = VARIANTS[variant](application())

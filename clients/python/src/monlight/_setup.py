"""What all integrations begin with: the clients."""

from typing import TypedDict

from ._errors import ErrorClient
from ._metrics import MetricsClient


class Clients(TypedDict):
    """What `setup_monlight` returns; None for a service without a URL."""

    error_client: ErrorClient | None
    metrics_client: MetricsClient | None


def make_clients(
    *,
    error_tracker_url: str | None,
    metrics_collector_url: str | None,
    api_key: str,
    error_tracker_api_key: str | None,
    metrics_collector_api_key: str | None,
    project: str,
    environment: str | None,
    release: str | None,
    flush_interval: float,
) -> Clients:
    """A client for each service that has a URL."""
    errors = metrics = None
    if error_tracker_url:
        errors = ErrorClient(error_tracker_url, error_tracker_api_key or api_key, project, environment, release)
    if metrics_collector_url:
        key = metrics_collector_api_key or api_key
        metrics = MetricsClient(metrics_collector_url, key, project, flush_interval)
    return {"error_client": errors, "metrics_client": metrics}

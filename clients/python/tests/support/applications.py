"""An application that is set up, and what it has sent."""

from typing import Any

from starlette.testclient import TestClient

from monlight.integrations.fastapi import setup_monlight
from monlight.testing import Sent

# Nobody listens there.
URL = "http://127.0.0.1:9"


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

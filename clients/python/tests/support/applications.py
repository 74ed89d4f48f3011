"""An application that is set up, and what it has sent."""

from collections import Counter
from typing import Any

from starlette.testclient import TestClient

from monlight.integrations.fastapi import setup_monlight
from monlight.testing import Sent

# Nobody listens there.
URL = "http://127.0.0.1:9"


def set_up(app: Any) -> TestClient:
    setup_monlight(app, error_tracker_url=URL, metrics_collector_url=URL, api_key="key", project="shop")
    return TestClient(app, raise_server_exceptions=False)


def requests(sent: Sent) -> dict[tuple[str, str, str], int]:
    # A minute that ends meanwhile makes two points of what would be one.
    counted: Counter[tuple[str, str, str]] = Counter()
    for point in sent.points:
        if point["name"] == "http_requests_total":
            labels = point["labels"]
            counted[labels["method"], labels["endpoint"], labels["status"]] += point["value"]
    return counted


def errors(sent: Sent) -> list[str]:
    return [report["exception_type"].rpartition(".")[2] for report in sent.errors]

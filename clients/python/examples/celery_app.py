"""Celery: `celery --app celery_app worker`."""

import os

from celery import Celery

from monlight.integrations.celery import setup_monlight

app = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL", "redis://localhost"))
setup_monlight(
    app,
    error_tracker_url=os.environ["ERROR_TRACKER_URL"],
    metrics_collector_url=os.environ["METRICS_COLLECTOR_URL"],
    api_key=os.environ["MONLIGHT_API_KEY"],
    project=os.environ.get("MONLIGHT_PROJECT", "shop"),
    environment="production",
)


@app.task
def send_receipt(order: int) -> str:
    if order == 13:
        raise RuntimeError("the mail server did not answer")
    return "sent"

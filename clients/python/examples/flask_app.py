"""Flask: `gunicorn flask_app:app --workers 4`."""

import os

from flask import Flask

from monlight.integrations.flask import setup_monlight

app = Flask(__name__)
setup_monlight(
    app,
    error_tracker_url=os.environ["ERROR_TRACKER_URL"],
    metrics_collector_url=os.environ["METRICS_COLLECTOR_URL"],
    api_key=os.environ["MONLIGHT_API_KEY"],
    project=os.environ.get("MONLIGHT_PROJECT", "shop"),
    environment="production",
)


@app.get("/ok")
def ok() -> str:
    return "ok"


@app.post("/orders/<int:order>/pay")
def pay(order: int) -> dict[str, str]:
    if order == 13:
        raise RuntimeError("the bank did not answer")
    return {"status": "paid"}

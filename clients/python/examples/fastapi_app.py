"""FastAPI: `uvicorn fastapi_app:app --workers 4`."""

import os

from fastapi import FastAPI

from monlight import set_user
from monlight.integrations.fastapi import setup_monlight

app = FastAPI()
monlight = setup_monlight(
    app,
    error_tracker_url=os.environ["ERROR_TRACKER_URL"],
    metrics_collector_url=os.environ["METRICS_COLLECTOR_URL"],
    api_key=os.environ["MONLIGHT_API_KEY"],
    project=os.environ.get("MONLIGHT_PROJECT", "shop"),
    environment="production",
)
metrics = monlight["metrics_client"]


@app.get("/ok")
async def ok() -> str:
    return "ok"


@app.post("/orders/{order}/pay")
async def pay(order: int) -> dict[str, str]:
    set_user("u42")
    if metrics is not None:
        metrics.counter("payments_total", {"method": "card"})
    if order == 13:
        raise RuntimeError("the bank did not answer")
    return {"status": "paid"}

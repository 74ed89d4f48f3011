"""A Flask application."""

import os
from collections.abc import Iterator

from flask import Blueprint, Flask, Response

from monlight.integrations.flask import setup_monlight
from monlight.integrations.process import install_hooks

app = Flask(__name__)
clients = setup_monlight(
    app,
    error_tracker_url=os.environ["ERROR_TRACKER_URL"],
    metrics_collector_url=os.environ["METRICS_COLLECTOR_URL"],
    api_key=os.environ["MONLIGHT_API_KEY"],
    project=os.environ["MONLIGHT_PROJECT"],
)
# Flask's own server ends by SIGTERM without exit handlers; gunicorn has its own handler, which stays.
assert clients["error_client"] is not None
install_hooks(clients["error_client"])


@app.get("/ok")
def ok() -> str:
    return "ok"


@app.get("/boom/<int:number>")
def boom(number: int) -> str:
    return str(1 / (number - number))


@app.get("/stream")
def stream() -> Response:
    def body() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 100

    return Response(body())


orders = Blueprint("orders", __name__)


@orders.post("/<int:order>/pay")
def pay(order: int) -> str:
    raise KeyError(order)


app.register_blueprint(orders, url_prefix="/orders")

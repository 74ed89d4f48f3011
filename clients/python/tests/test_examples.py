"""The examples do what they say, each run as its first line says."""

import subprocess
import sys
from pathlib import Path

import pytest

from .support.load import send
from .support.servers import EXAMPLES, serving, settings
from .support.services import Services
from .support.wait import until

WEB = {
    "fastapi": (["uvicorn", "fastapi_app:app", "--workers", "2", "--port", "{port}"], "/orders/{order}/pay"),
    "flask": (["gunicorn", "flask_app:app", "--workers", "2", "-b", "127.0.0.1:{port}"], "/orders/<int:order>/pay"),
    "django-wsgi": (["gunicorn", "django_app:wsgi", "-b", "127.0.0.1:{port}"], "/orders/<int:order>/pay"),
    "django-asgi": (["uvicorn", "django_app:asgi", "--port", "{port}"], "/orders/<int:order>/pay"),
}


@pytest.mark.parametrize("example", sorted(WEB))
def test_a_web_application(services: Services, project: str, example: str) -> None:
    command, endpoint = WEB[example]
    with serving(command, settings(services, project), EXAMPLES) as (url, _):
        answers = send(url, [("POST", f"/orders/{order}/pay") for order in (7, 13, 7)])

    assert sorted(status for (_, _, status), count in answers.items() for _ in range(count)) == [200, 200, 500]
    counted = services.requests(project)
    assert (counted["POST", endpoint, "200"], counted["POST", endpoint, "500"]) == (2, 1)
    group = services.group(project)
    assert (group["exception_type"], group["message"]) == ("RuntimeError", "the bank did not answer")
    occurrence = group["occurrences"][0]
    assert occurrence["environment"] == "production"
    assert occurrence["request_url"].endswith("/orders/13/pay")
    if example == "fastapi":
        assert occurrence["user_id"] == "u42"
        assert services.values(project, "payments_total", "counter", "method")["card",][1] == 3


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_celery(services: Services, project: str, pool: str, tmp_path: Path) -> None:
    broker = {"CELERY_BROKER_URL": "filesystem://", "PYTHONPATH": str(EXAMPLES)}
    env = settings(services, project, **broker)
    # The broker is a folder: what one writes the other reads.
    (tmp_path / "celeryconfig.py").write_text(
        "broker_transport_options = {'data_folder_in': 'broker', 'data_folder_out': 'broker', 'processed_folder': 'done'}\n"
        "worker_hijack_root_logger = False\n"
    )
    for folder in ("broker", "done"):
        (tmp_path / folder).mkdir()
    tell = (
        "import celeryconfig, celery_app; celery_app.app.config_from_object(celeryconfig);"
        "[celery_app.send_receipt.delay(order) for order in (7, 13, 7, 8)]"
    )
    subprocess.run([sys.executable, "-c", tell], env=env, cwd=tmp_path, check=True, timeout=30)
    log = tmp_path / "log"
    command = ["celery", "--app", "celery_app", "--config", "celeryconfig", "worker", "--pool", pool, "--concurrency", "2"]
    with log.open("w") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", *command, "--loglevel", "info"], env=env, cwd=tmp_path, stdout=output, stderr=output
        )
        try:
            until(
                "all tasks are done", lambda: log.read_text().count("succeeded in") == 3 and "did not answer" in log.read_text()
            )
        finally:
            worker.terminate()
            worker.wait(20)

    tasks = services.values(project, "celery_tasks_total", "counter", "task", "state")
    assert {labels: total for labels, (_, total) in tasks.items()} == {
        ("celery_app.send_receipt", "success"): 3,
        ("celery_app.send_receipt", "failure"): 1,
    }, log.read_text()
    assert services.values(project, "celery_task_duration_seconds", "histogram", "task")[("celery_app.send_receipt",)][0] == 4
    group = services.group(project)
    assert (group["exception_type"], group["count"]) == ("RuntimeError", 1)
    extra = group["occurrences"][0]["extra"]
    assert extra["celery"]["task"] == "celery_app.send_receipt"
    assert Path(extra["frames"][0]["file"]).name == "celery_app.py"

"""Real servers, real services: what was answered was counted, exactly, and what failed was reported, each once."""

import threading
from collections import Counter

import pytest

from .support.load import send
from .support.servers import end_a_worker, serving, settings
from .support.services import Services
from .support.wait import until

FASTAPI_SERVERS = {
    "uvicorn": ["uvicorn", "shop_fastapi:app", "--port", "{port}", "--log-level", "critical"],
    "uvicorn-4-workers": ["uvicorn", "shop_fastapi:app", "--port", "{port}", "--workers", "4", "--log-level", "critical"],
    "gunicorn-preload": [
        "gunicorn", "shop_fastapi:app", "-k", "uvicorn_worker.UvicornWorker", "-w", "2", "--preload",
        "-b", "127.0.0.1:{port}", "--log-level", "critical",
    ],
    "hypercorn": ["hypercorn", "shop_fastapi:app", "-b", "127.0.0.1:{port}", "--log-level", "CRITICAL"],
}  # fmt: skip
FLASK_SERVERS = {
    "flask": ["flask", "--app", "shop_flask", "run", "--port", "{port}"],
    "gunicorn-threads": [
        "gunicorn", "shop_flask:app", "-w", "2", "--threads", "4", "-b", "127.0.0.1:{port}", "--log-level", "critical",
    ],
    "gunicorn-preload": [
        "gunicorn", "shop_flask:app", "-w", "3", "--preload", "-b", "127.0.0.1:{port}", "--log-level", "critical",
    ],
}  # fmt: skip
DJANGO_SERVERS = {
    "gunicorn": ["gunicorn", "shop_django:wsgi", "-w", "2", "-b", "127.0.0.1:{port}", "--log-level", "critical"],
    "uvicorn": ["uvicorn", "shop_django:asgi", "--port", "{port}", "--log-level", "critical"],
}


def hide(paths: "Counter[tuple[str, str, int]]", templates: dict[str, str]) -> dict[tuple[str, ...], int]:
    """The answers by route."""
    counted: Counter[tuple[str, ...]] = Counter()
    for (method, path, status), count in paths.items():
        counted[method, templates[path.rstrip("0123456789")], str(status)] += count
    return dict(counted)


@pytest.mark.parametrize("server", sorted(FASTAPI_SERVERS))
def test_fastapi(services: Services, project: str, server: str) -> None:
    requests = (
        [("GET", "/ok")] * 200 + [("GET", f"/sync/{n}") for n in range(100)] + [("GET", f"/boom/{n}") for n in range(100)]
    )
    requests += [("GET", f"/sub/things/{n}") for n in range(50)] + [("GET", f"/scan/{n}") for n in range(40)]
    requests += [("GET", "/stream")] * 10
    templates = {
        "/ok": "/ok",
        "/sync/": "/sync/{number}",
        "/boom/": "/boom/{number}",
        "/sub/things/": "/sub/things/{thing}",
        "/scan/": "<unmatched>",
        "/stream": "/stream",
    }
    with serving(FASTAPI_SERVERS[server], settings(services, project)) as (url, _):
        answers = send(url, requests)

    expected = hide(answers, templates)
    assert sum(expected.values()) == 500
    assert expected["GET", "/boom/{number}", "500"] == 100
    assert services.requests(project) == expected
    assert services.durations(project) == expected
    assert services.counts(project) == {"ZeroDivisionError": 100}


@pytest.mark.parametrize("server", sorted(FLASK_SERVERS))
def test_flask(services: Services, project: str, server: str) -> None:
    requests = (
        [("GET", "/ok")] * 250 + [("GET", f"/boom/{n}") for n in range(150)] + [("POST", f"/orders/{n}/pay") for n in range(50)]
    )
    requests += [("GET", f"/scan/{n}") for n in range(40)] + [("GET", "/stream")] * 10
    with serving(FLASK_SERVERS[server], settings(services, project)) as (url, _):
        answers = send(url, requests)

    assert sum(count for (_, _, status), count in answers.items() if status) == 500
    assert (
        services.durations(project)
        == services.requests(project)
        == {
            ("GET", "/ok", "200"): 250,
            ("GET", "/boom/<int:number>", "500"): 150,
            ("POST", "/orders/<int:order>/pay", "500"): 50,
            ("GET", "<unmatched>", "404"): 40,
            ("GET", "/stream", "200"): 10,
        }
    )
    assert services.counts(project) == {"ZeroDivisionError": 150, "KeyError": 50}


@pytest.mark.parametrize("server", sorted(DJANGO_SERVERS))
def test_django(services: Services, project: str, server: str) -> None:
    requests = (
        [("GET", "/ok")] * 250 + [("GET", f"/boom/{n}") for n in range(130)] + [("GET", f"/orders/{n}/pay/") for n in range(50)]
    )
    requests += (
        [("GET", f"/scan/{n}") for n in range(40)] + [("GET", "/stream")] * 10 + [("GET", "/ok?fail-in-middleware")] * 20
    )
    with serving(DJANGO_SERVERS[server], settings(services, project)) as (url, _):
        answers = send(url, requests)

    assert sum(count for (_, _, status), count in answers.items() if status) == 500
    assert (
        services.durations(project)
        == services.requests(project)
        == {
            ("GET", "/ok", "200"): 250,
            ("GET", "/boom/<int:number>", "500"): 130,
            ("GET", "/orders/<int:number>/pay/", "500"): 50,
            # Middleware comes before the routes.
            ("GET", "<unmatched>", "404"): 40,
            ("GET", "<unmatched>", "500"): 20,
            ("GET", "/stream", "200"): 10,
        }
    )
    assert services.counts(project) == {"ZeroDivisionError": 130, "KeyError": 50, "PermissionError": 20}


@pytest.mark.parametrize("server", ["gunicorn-preload", "uvicorn-4-workers"])
def test_workers_that_are_restarted_by_sigterm_lose_nothing(services: Services, project: str, server: str) -> None:
    batch = [("GET", f"/{'boom' if n % 10 == 0 else 'sync'}/{n}") for n in range(100)]
    answers: Counter[tuple[str, str, int]] = Counter()
    stop = threading.Event()
    workers = 4 if server == "uvicorn-4-workers" else 2
    with serving(FASTAPI_SERVERS[server], settings(services, project)) as (url, process):

        def load() -> None:
            while not stop.is_set():
                answers.update(send(url, batch))

        thread = threading.Thread(target=load)
        thread.start()
        for _ in range(3):
            seen = sum(answers.values())
            end_a_worker(process, workers)
            until("requests were answered meanwhile", lambda seen=seen: sum(answers.values()) > seen)  # type: ignore[misc]
        stop.set()
        thread.join()

    sent, answered = Counter[str](), Counter[str]()
    for (_, path, status), count in answers.items():
        sent[path.split("/")[1]] += count
        answered[path.split("/")[1]] += count if status else 0
    counted = services.requests(project)
    # A request whose connection broke may have been served or not; one that was answered was counted.
    assert answered["sync"] <= counted["GET", "/sync/{number}", "200"] <= sent["sync"]
    assert answered["boom"] <= counted["GET", "/boom/{number}", "500"] <= sent["boom"]
    assert services.counts(project) == {"ZeroDivisionError": counted["GET", "/boom/{number}", "500"]}
    assert answered["sync"] + answered["boom"] >= 300

"""A Django project in one file, for WSGI and ASGI."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path


class FailingMiddleware:
    """Fails for who asks for it."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        if "fail-in-middleware" in request.GET:
            raise PermissionError("in middleware")
        return self.get_response(request)


if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "testserver"],
        DEBUG=False,
        MIDDLEWARE=["monlight.integrations.django.MonlightMiddleware", f"{__name__}.FailingMiddleware"],
        MONLIGHT={
            "error_tracker_url": os.environ["ERROR_TRACKER_URL"],
            "metrics_collector_url": os.environ["METRICS_COLLECTOR_URL"],
            "api_key": os.environ["MONLIGHT_API_KEY"],
            "project": os.environ["MONLIGHT_PROJECT"],
        },
        ROOT_URLCONF=__name__,
        SECRET_KEY="for tests",
    )


def ok(_: Any) -> HttpResponse:
    return HttpResponse("ok")


def boom(_: Any, number: int) -> HttpResponse:
    return HttpResponse(str(1 / (number - number)))


async def boom_async(_: Any, number: int) -> HttpResponse:
    raise KeyError(number)


def stream(_: Any) -> StreamingHttpResponse:
    def body() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 100

    return StreamingHttpResponse(body())


orders = [path("<int:number>/pay/", boom_async)]
urlpatterns = [
    path("ok", ok),
    path("boom/<int:number>", boom),
    path("stream", stream),
    path("orders/", include(orders)),
]

from django.core.asgi import get_asgi_application  # noqa: E402 # needs the settings
from django.core.wsgi import get_wsgi_application  # noqa: E402

from monlight.integrations.django import flush_at_shutdown  # noqa: E402

wsgi = get_wsgi_application()
asgi = flush_at_shutdown(get_asgi_application())

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

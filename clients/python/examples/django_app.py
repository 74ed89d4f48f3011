"""Django: `gunicorn django_app:wsgi`, or `uvicorn django_app:asgi`. A project has these settings in its settings.py."""

import os
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[
        "monlight.integrations.django.MonlightMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
    MONLIGHT={
        "error_tracker_url": os.environ["ERROR_TRACKER_URL"],
        "metrics_collector_url": os.environ["METRICS_COLLECTOR_URL"],
        "api_key": os.environ["MONLIGHT_API_KEY"],
        "project": os.environ.get("MONLIGHT_PROJECT", "shop"),
        "environment": "production",
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for this example",
)


def ok(_: Any) -> HttpResponse:
    return HttpResponse("ok")


def pay(_: Any, order: int) -> JsonResponse:
    if order == 13:
        raise RuntimeError("the bank did not answer")
    return JsonResponse({"status": "paid"})


urlpatterns = [path("ok", ok), path("orders/<int:order>/pay", pay)]

wsgi = get_wsgi_application()

# Django takes no part in an ASGI server's stop, so what is left at the end is sent by this.
from monlight.integrations.django import flush_at_shutdown  # noqa: E402 # after the settings

asgi = flush_at_shutdown(get_asgi_application())

"""What users may rely on. A name that is added or goes is a decision."""

import importlib
import inspect
import pkgutil
from importlib.metadata import requires

import pytest

import monlight
from monlight import ErrorClient, MetricsClient

NAMES = {
    "monlight": ["ErrorClient", "MetricsClient", "__version__", "add_breadcrumb", "set_extra", "set_user"],
    "monlight.testing": ["Sent", "captured"],
    "monlight.integrations.asgi": ["Clients", "MonlightMiddleware", "make_clients"],
    "monlight.integrations.celery": ["setup_monlight"],
    "monlight.integrations.django": ["MonlightMiddleware", "flush_at_shutdown", "get_clients"],
    "monlight.integrations.fastapi": ["MonlightExceptionHandler", "MonlightMiddleware", "setup_monlight"],
    "monlight.integrations.flask": ["setup_monlight"],
    "monlight.integrations.logging": ["MonlightHandler"],
    "monlight.integrations.process": ["install_hooks", "watch_event_loop"],
    "monlight.integrations.wsgi": ["Clients", "MonlightWSGIMiddleware", "make_clients"],
}
SETUP = {
    "error_tracker_url": None,
    "metrics_collector_url": None,
    "api_key": inspect.Parameter.empty,
    "error_tracker_api_key": None,
    "metrics_collector_api_key": None,
    "project": "default",
    "environment": None,
    "release": None,
    "flush_interval": 10.0,
}


@pytest.mark.parametrize("module", sorted(NAMES))
def test_the_public_names_are_these(module: str) -> None:
    imported = importlib.import_module(module)

    assert sorted(imported.__all__) == sorted(NAMES[module])
    assert [name for name in NAMES[module] if not hasattr(imported, name)] == []


def test_no_other_module_is_public() -> None:
    modules = {module.name for module in pkgutil.walk_packages(monlight.__path__, "monlight.")}

    assert {name for name in modules if "._" not in name} == NAMES.keys() - {"monlight"} | {"monlight.integrations"}


@pytest.mark.parametrize("framework", ["fastapi", "flask", "celery"])
def test_setup_has_the_same_options_everywhere(framework: str) -> None:
    setup = importlib.import_module(f"monlight.integrations.{framework}").setup_monlight
    options = list(inspect.signature(setup).parameters.values())[1:]

    assert {option.name: option.default for option in options} == SETUP
    assert {option.kind for option in options} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_clients_have_the_options_of_the_contract() -> None:
    def defaults(kind: type) -> dict[str, object]:
        return {name: option.default for name, option in inspect.signature(kind).parameters.items()}

    required = inspect.Parameter.empty
    assert defaults(ErrorClient) == {
        "base_url": required,
        "api_key": required,
        "project": "default",
        "environment": None,
        "release": None,
        "timeout": 5.0,
        "excluded_headers": None,
        "before_send": None,
    }
    assert defaults(MetricsClient) == {
        "base_url": required,
        "api_key": required,
        "project": None,
        "flush_interval": 10.0,
        "timeout": 5.0,
    }


def test_httpx_is_the_only_dependency() -> None:
    assert [one for one in requires("monlight") or [] if "extra ==" not in one] == ["httpx<1,>=0.25"]
    assert monlight.__version__

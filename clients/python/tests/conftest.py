"""Fixtures that all tests share."""

import re
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import monlight
from monlight import ErrorClient, MetricsClient

from .support.fake_service import FakeService, fake_service
from .support.services import Services, running_services

# What is tested is what users install.
assert Path(monlight.__file__).is_relative_to(sysconfig.get_paths()["purelib"]), "install the wheel first"


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The real error tracker and metrics collector."""
    with running_services(tmp_path_factory.mktemp("services")) as running:
        yield running


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """A project of the test's own, so that tests do not count each other's requests."""
    return re.sub(r"[^\w.-]+", "-", request.node.nodeid.rpartition("/")[2])[-100:]


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A service that does what the test says."""
    with fake_service() as running:
        yield running


@pytest.fixture
def make_errors(service: FakeService) -> Iterator[Callable[..., ErrorClient]]:
    """Makes clients of the fake service."""
    made: list[ErrorClient] = []

    def make(**options: object) -> ErrorClient:
        made.append(ErrorClient(service.url, "key", **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    _leave(made)


@pytest.fixture
def make_metrics(service: FakeService) -> Iterator[Callable[..., MetricsClient]]:
    """Makes clients of the fake service."""
    made: list[MetricsClient] = []

    def make(**options: object) -> MetricsClient:
        made.append(MetricsClient(service.url, "key", **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    _leave(made)


def _leave(clients: "list[ErrorClient] | list[MetricsClient]") -> None:
    for client in clients:
        # Its service is gone, and what is left must not make the exit of the tests wait.
        client.outlet.after_fork()
        client.shutdown(0.1)

"""Fixtures that all tests share."""

import re
import sysconfig
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import monlight
from monlight import ErrorClient, MetricsClient
from monlight._sender import sender
from monlight.testing import Sent, captured

from .support.fake_service import FakeService, fake_service
from .support.services import Services, running_services

# What is tested is what users install.
assert Path(monlight.__file__).is_relative_to(sysconfig.get_paths()["purelib"]), "install the wheel first"


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The real error tracker and metrics collector."""
    with running_services(tmp_path_factory.mktemp("services")) as running:
        yield running


@pytest.fixture(autouse=True)
def _rest() -> Iterator[None]:
    """What a test leaves behind is not sent during the next."""
    yield
    for client in list(sender._all):
        sender.leave(client)
        client.outlet.close()
        client.after_fork()


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
def sent() -> Iterator[Sent]:
    """Everything that would be sent."""
    with captured() as everything:
        yield everything


@pytest.fixture
def make_errors(service: FakeService) -> Callable[..., ErrorClient]:
    """Makes clients of the fake service."""
    return partial(ErrorClient, service.url, "key")


@pytest.fixture
def make_metrics(service: FakeService) -> Callable[..., MetricsClient]:
    """Makes clients of the fake service."""
    return partial(MetricsClient, service.url, "key")

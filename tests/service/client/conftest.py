"""The real service, shared by the tests that only read or add; and a scripted one for what a real one does rarely."""

from collections.abc import Iterator

import pytest
from fakes.running_service import RunningService, running_service
from fakes.scripted_service import ScriptedService, scripted_service

from service.client.client import SupsweepClient


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The real service."""
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture
def client(service: RunningService) -> Iterator[SupsweepClient]:
    """A client of the real service."""
    with SupsweepClient(service.url, service.api_key) as client:
        yield client


@pytest.fixture
def scripted() -> Iterator[ScriptedService]:
    """A service that follows a script."""
    with scripted_service() as service:
        yield service


@pytest.fixture
def patient(scripted: ScriptedService) -> Iterator[SupsweepClient]:
    """A client of the scripted service that tries again for long."""
    with SupsweepClient(scripted.url, "sws_1_2", patience_seconds=20) as client:
        yield client


@pytest.fixture
def impatient(scripted: ScriptedService) -> Iterator[SupsweepClient]:
    """A client of the scripted service that tries once."""
    with SupsweepClient(scripted.url, "sws_1_2", patience_seconds=0) as client:
        yield client

"""The command in this process, with surroundings of its own; the real service, and a scripted one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.running_service import RunningService, running_service
from fakes.scripted_service import ScriptedService, scripted_service
from typer.testing import CliRunner, Result

from search_spaces.presets import digits_smoke
from service.cli.main import app
from service.client.client import SupsweepClient
from service.schemas.sweeps import SweepDetail


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SUPSWEEP_HOME of this test alone; nothing runs on it."""
    home = tmp_path / "home"
    monkeypatch.setenv("SUPSWEEP_HOME", str(home))
    for name in ("SUPSWEEP_URL", "SUPSWEEP_API_KEY", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def supsweep() -> Callable[..., Result]:
    """Calls the command with these words."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The real service."""
    with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def service(running: RunningService, monkeypatch: pytest.MonkeyPatch) -> RunningService:
    """The real service, named by the surroundings."""
    monkeypatch.setenv("SUPSWEEP_URL", running.url)
    monkeypatch.setenv("SUPSWEEP_API_KEY", running.api_key)
    return running


@pytest.fixture
def client(service: RunningService) -> Iterator[SupsweepClient]:
    """A client of the real service."""
    with SupsweepClient(service.url, service.api_key) as client:
        yield client


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    """A service that follows a script, named by the surroundings."""
    with scripted_service() as service:
        monkeypatch.setenv("SUPSWEEP_URL", service.url)
        monkeypatch.setenv("SUPSWEEP_API_KEY", "sws_1_2")
        yield service


@pytest.fixture(scope="module")
def sweep(running: RunningService) -> SweepDetail:
    """A sweep as the service tells of it before anything has run."""
    with SupsweepClient(running.url, running.api_key) as client:
        return client.create_sweep(digits_smoke())

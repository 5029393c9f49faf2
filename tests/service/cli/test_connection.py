"""Where the command finds the service and its key."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.running_service import RunningService
from typer.testing import Result

from service.embedded.up_file import UpFile
from service.private_files import write_private

Supsweep = Callable[..., Result]


def write_up_file(home: Path, api_url: str) -> None:
    """What a running `supsweep up` leaves for the other commands."""
    home.mkdir()
    urls = UpFile(pid=1, api_url=api_url, mlflow_url="http://-", ray_url="http://-", started_at=datetime.now(UTC))
    write_private(home / "up.json", urls.model_dump_json())


def test_service_and_key_of_the_home_are_found(supsweep: Supsweep, home: Path, running: RunningService) -> None:
    write_up_file(home, running.url)
    (home / "api_key").write_text(f"{running.api_key}\n")
    assert supsweep("ls").exit_code == 0


def test_surroundings_override_the_home(
    supsweep: Supsweep, home: Path, running: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_up_file(home, "http://127.0.0.1:9")
    (home / "api_key").write_text("sws_another_key\n")
    monkeypatch.setenv("SUPSWEEP_URL", running.url)
    monkeypatch.setenv("SUPSWEEP_API_KEY", running.api_key)
    assert supsweep("ls").exit_code == 0


def test_home_where_nothing_runs_says_what_to_do(supsweep: Supsweep, home: Path) -> None:
    result = supsweep("ls")
    assert result.exit_code == 1
    assert f"no service runs on {home}" in result.stderr
    assert "supsweep up" in result.stderr


def test_missing_key_says_where_it_was_looked_for(supsweep: Supsweep, home: Path) -> None:
    write_up_file(home, "http://127.0.0.1:9")
    result = supsweep("ls")
    assert result.exit_code == 1
    assert f"no API key in {home / 'api_key'}" in result.stderr


@pytest.mark.parametrize(("name", "value"), [("SUPSWEEP_URL", "localhost:8000"), ("SUPSWEEP_API_KEY", "sws_…")])
def test_impossible_surroundings_are_told_by_name(
    supsweep: Supsweep, running: RunningService, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("SUPSWEEP_URL", running.url)
    monkeypatch.setenv("SUPSWEEP_API_KEY", running.api_key)
    monkeypatch.setenv(name, value)
    result = supsweep("ls")
    assert result.exit_code == 1
    assert f"{name} " in result.stderr


def test_wrong_key_is_a_sentence(supsweep: Supsweep, service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_API_KEY", "sws_wrong_key")
    result = supsweep("ls")
    assert result.exit_code == 1
    assert result.stderr == "supsweep: the API key is not known here\n"

"""`supsweep keys`: a key is written to standard output alone, and the home's own is replaced where it lies."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.running_service import RunningService
from typer.testing import Result

from service.client.client import SupsweepClient
from service.client.failures import ApiError

Supsweep = Callable[..., Result]


def works(service: RunningService, key: str) -> bool:
    with SupsweepClient(service.url, key) as client:
        try:
            client.presets()
        except ApiError:
            return False
        return True


def test_a_key_is_made_listed_and_revoked(supsweep: Supsweep, service: RunningService) -> None:
    made = supsweep("keys", "create", "of a test", "--owner", "colleague", "--scope", "read", "--expires-in", "2h")
    key = made.stdout.strip()
    key_id = key.split("_")[1]
    assert works(service, key)
    assert f"key {key_id} of colleague: read; it is shown once" in made.stderr
    listed = supsweep("keys", "ls", "--owner", "colleague").stdout
    assert all(word in listed for word in (key_id, "of a test", "colleague", "read", "works"))
    assert key not in listed
    assert supsweep("keys", "revoke", key_id).stdout == f"key {key_id} is revoked\n"
    assert not works(service, key)
    assert "revoked" in supsweep("keys", "ls", "--owner", "*").stdout


def test_a_rotated_key_works_through_its_grace(supsweep: Supsweep, service: RunningService) -> None:
    old = supsweep("keys", "create", "a").stdout.strip()
    rotated = supsweep("keys", "rotate", old.split("_")[1], "--grace", "1h")
    assert "in 1h" in rotated.stderr
    assert [works(service, key) for key in (old, rotated.stdout.strip())] == [True, True]


def test_the_homes_own_key_is_replaced_in_its_file(
    supsweep: Supsweep, service: RunningService, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    file = home / "api_key"
    file.write_text(supsweep("keys", "create", "home", "--scope", "admin").stdout)
    monkeypatch.delenv("SUPSWEEP_API_KEY")
    new = supsweep("keys", "rotate", file.read_text().split("_")[1]).stdout.strip()
    assert file.read_text().strip() == new
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert supsweep("keys", "ls").exit_code == 0


def test_a_lost_first_key_is_replaced_past_the_api(
    supsweep: Supsweep, service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = service.app.state.parts.settings.home
    monkeypatch.setenv("SUPSWEEP_HOME", str(home))
    monkeypatch.delenv("SUPSWEEP_API_KEY")
    lost = (home / "api_key").read_text()
    (home / "api_key").unlink()
    assert "`supsweep keys first`" in supsweep("keys", "ls").stderr
    made = supsweep("keys", "first")
    assert (made.exit_code, made.stderr) == (0, "")
    assert f"a new admin's key is in {home / 'api_key'}" in made.stdout
    new = (home / "api_key").read_text()
    assert stat.S_IMODE((home / "api_key").stat().st_mode) == 0o600
    assert works(service, lost.strip()), "keys that were made before stay"
    assert new not in made.stdout
    assert supsweep("keys", "create", "mine", "--scope", "admin").exit_code == 0


def test_a_first_key_is_made_for_no_database_that_is_not_there(supsweep: Supsweep, home: Path) -> None:
    made = supsweep("keys", "first")
    assert made.exit_code == 1
    assert made.stderr.startswith("supsweep: ")
    assert not (home / "api_key").exists()


@pytest.mark.parametrize("words", [["create", "a", "--expires-in", "soon"], ["rotate", "a", "--grace", "1 week"]])
def test_a_time_that_is_none_is_told(supsweep: Supsweep, service: RunningService, words: list[str]) -> None:
    result = supsweep("keys", *words)
    assert result.exit_code == 1
    assert "accepted: such as 90s" in result.stderr


def test_an_unknown_key_is_told(supsweep: Supsweep, service: RunningService) -> None:
    assert supsweep("keys", "revoke", "none").stderr == "supsweep: no key 'none'\n"

"""up.json: readable by its owner alone, never half-written, never trusted when broken."""

import stat
from datetime import UTC, datetime
from pathlib import Path

from service.embedded.up_file import UpFile, read_up_file
from service.private_files import write_private

UP = UpFile(
    pid=1,
    api_url="http://127.0.0.1:1",
    mlflow_url="http://127.0.0.1:2",
    ray_url="http://127.0.0.1:3",
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_it_reads_back_as_written_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "up.json"
    write_private(file, UP.model_dump_json())
    assert read_up_file(file) == UP
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_private_file_replaces_a_public_one(tmp_path: Path) -> None:
    file = tmp_path / "up.json"
    file.write_text("{}")
    write_private(file, "new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_and_a_broken_file_both_mean_that_nothing_runs(tmp_path: Path) -> None:
    file = tmp_path / "up.json"
    assert read_up_file(file) is None
    file.write_text('{"pid": ')
    assert read_up_file(file) is None

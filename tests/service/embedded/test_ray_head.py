"""Runners' logs are kept as far as the disk allows, and never cost a clean end."""

from pathlib import Path

import pytest

from service.embedded.ray_head import keep_runner_logs


@pytest.fixture
def ray_folder(tmp_path: Path) -> Path:
    """Ray's folder with the logs of two runners."""
    logs = tmp_path / "ray" / "session_latest" / "logs"
    logs.mkdir(parents=True)
    for name in ("one", "two"):
        (logs / f"job-driver-{name}.log").write_text(name)
    return tmp_path / "ray"


def test_a_log_that_cannot_be_copied_does_not_keep_back_the_others(
    ray_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logs = tmp_path / "logs"
    (logs / "job-driver-one.log").mkdir(parents=True)  # a folder where the copy should be
    keep_runner_logs(ray_folder, logs)
    assert (logs / "job-driver-two.log").read_text() == "two"
    assert "job-driver-one.log of a runner could not be kept" in caplog.text

"""`supsweep up` for real: Ray, MLflow and the API come up, come back, and leave nothing behind."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from service.embedded.home import Home
from service.embedded.session import Mark, members
from service.embedded.session_file import SessionRecord, clear_stale_session
from service.embedded.up_file import UpFile, read_up_file

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.e2e]

READY_SECONDS = 180
SUPSWEEP = str(Path(sys.executable).parent / "supsweep")


def wait_until(is_so: Callable[[], object], what: str, seconds: float = READY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.1)


class Up:
    """A running `supsweep up`."""

    def __init__(self, process: "subprocess.Popen[bytes]", home: Home) -> None:
        self.process = process
        urls = read_up_file(home.up_file)
        assert urls is not None
        self.urls: UpFile = urls
        self.record = SessionRecord.model_validate_json(home.session_file.read_text())

    def members(self, child: str | None = None) -> list[psutil.Process]:
        return members(Mark(self.record.session, child))

    def is_healthy(self) -> bool:
        """Whether API and MLflow answer, and Ray's dashboard says that it wants a token."""
        try:
            return (
                httpx.get(f"{self.urls.api_url}/readyz", trust_env=False).is_success
                and httpx.get(f"{self.urls.mlflow_url}/health", trust_env=False).is_success
                and httpx.get(f"{self.urls.ray_url}/api/version", trust_env=False).status_code == 401
            )
        except httpx.TransportError:
            return False


@pytest.fixture
def up(home: Home) -> Iterator[Up]:
    process = subprocess.Popen(
        [SUPSWEEP, "up", "--cpus", "2"],
        env=os.environ | {"SUPSWEEP_HOME": str(home.folder)},
        stdout=(home.folder / "said").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )

    def is_up() -> bool:
        assert process.poll() is None, (home.folder / "said").read_text()
        return home.up_file.exists()

    try:
        wait_until(is_up, "supsweep up is ready")
        yield Up(process, home)
    finally:
        process.kill()
        process.wait()
        clear_stale_session(home, grace_seconds=0)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_killed_ray_head_and_a_killed_api_come_back_and_ctrl_c_leaves_nothing(up: Up, home: Home) -> None:
    assert up.is_healthy()
    assert stat.S_IMODE(home.up_file.stat().st_mode) == 0o600
    for child in ("ray", "api"):
        before = up.members(child)
        before[0].kill()
        wait_until(lambda before=before: not alive(before), f"the old {child} is gone")  # type: ignore[misc]
        wait_until(lambda child=child: up.members(child) and up.is_healthy(), f"{child} is back")  # type: ignore[misc]
    everything = up.members()
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(timeout=60) == 0, (home.folder / "said").read_text()
    assert not alive(everything)
    assert not up.record.temporary_folder.exists()
    assert not home.up_file.exists()
    assert "Traceback" not in (home.folder / "said").read_text()


def test_kill_9_leaves_nothing(up: Up, home: Home) -> None:
    everything = up.members()
    assert any("ray-dashboard" in process.name() for process in everything)  # these have forgotten their mark
    up.process.kill()
    wait_until(lambda: not alive(everything), "everything has ended")
    assert up.members() == []
    assert home.up_file.exists()  # a killed process tidies no files; the next `up` does

"""The home folder: lock, disk, rights; each refusal is a sentence that says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.embedded.failures import CannotRun
from service.embedded.home import locked_home

HOLD = """
import sys
from pathlib import Path
from service.embedded.home import locked_home
with locked_home(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_up_on_the_same_home_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with (
            pytest.raises(CannotRun, match=rf"already runs on {tmp_path} \(process {first.pid}\)"),
            locked_home(tmp_path),
        ):
            pytest.fail("two hold one home")


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with locked_home(tmp_path):
            pass


def test_a_nearly_full_disk_is_refused_with_its_place(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotRun, match=rf"the disk of {tmp_path} has .* GB free .* free some space"),
        locked_home(tmp_path, least_free_bytes=10**18),
    ):
        pytest.fail("it must be refused")


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with (
        pytest.raises(CannotRun, match=rf"{file}/home cannot be written .*set SUPSWEEP_HOME"),
        locked_home(file / "home"),
    ):
        pytest.fail("it must be refused")


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with locked_home(Path(".supsweep")) as home:
        assert home.folder == tmp_path / ".supsweep"

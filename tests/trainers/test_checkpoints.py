"""Checkpoints on a real disk and in a real bucket."""

from pathlib import Path
from typing import Any

import pytest
import torch

from trainers.build.storage import open_folder
from trainers.checkpoints import Checkpoints
from trainers.folders import Folder

STATE: dict[str, Any] = {"weights": torch.arange(6.0), "steps": {"count": 3, "rates": [0.1, 0.2], "start": None}}


@pytest.fixture(params=["disk", "bucket"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """The folder of a trial that wrote nothing yet, of each kind in turn."""
    is_disk = request.param == "disk"
    return open_folder(tmp_path / "trial" if is_disk else request.getfixturevalue("s3").url("trial"))


def checkpoints(folder: Folder, fingerprint: str = "this") -> Checkpoints:
    return Checkpoints(folder, fingerprint, every_seconds=0)


def content_of(folder: Folder, name: str) -> bytes:
    with folder.open(name) as file:
        return file.read()


def test_what_was_written_is_read_again(folder: Folder) -> None:
    name = checkpoints(folder).write(3, STATE)
    assert name == "epoch-000003.pt"
    state = checkpoints(folder).load(name)
    assert state is not None
    assert torch.equal(state["weights"], STATE["weights"])
    assert state["steps"] == STATE["steps"]


def test_the_newest_two_are_kept(folder: Folder) -> None:
    folder.write("evaluation.json", lambda file: file.write(b"{}"))
    for epoch in (1, 2, 5, 9):
        checkpoints(folder).write(epoch, STATE)
    assert sorted(folder.names()) == ["epoch-000005.pt", "epoch-000009.pt", "evaluation.json"]


def test_later_epochs_of_an_abandoned_attempt_do_not_push_out_the_new_ones(folder: Folder) -> None:
    for epoch in (7, 8, 2, 3, 4):
        checkpoints(folder).write(epoch, STATE)
    assert sorted(folder.names()) == [f"epoch-00000{epoch}.pt" for epoch in (3, 4, 7, 8)]


class Clock:
    """Seconds that pass when something takes them."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class SlowFolder(Folder):
    """Takes its time, and then refuses."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    def write(self, *_: Any) -> None:
        self._clock.seconds += self._seconds
        raise OSError("away")


def test_one_is_due_when_the_interval_has_passed_since_the_start_or_the_last(folder: Folder) -> None:
    clock = Clock()
    hand = Checkpoints(folder, "this", every_seconds=5, now=clock)
    for write in (True, False):
        clock.seconds += 4.9
        assert not hand.is_due()
        clock.seconds += 0.1
        assert hand.is_due()
        if write:
            hand.write(1, STATE)


@pytest.mark.parametrize(("took", "waits"), [(0.0, 5.0), (0.4, 5.0), (2.0, 20.0), (30.0, 300.0)])
def test_a_storage_that_is_slow_or_away_is_asked_more_seldom(took: float, waits: float) -> None:
    clock = Clock()
    hand = Checkpoints(SlowFolder(clock, took), "this", every_seconds=5, now=clock)
    assert hand.write(1, STATE) is None
    clock.seconds += waits - 0.1
    assert not hand.is_due()
    clock.seconds += 0.2
    assert hand.is_due()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_a_garbled_newest_one_is_answered_by_the_one_before(folder: Folder, content: bytes | None) -> None:
    checkpoints(folder).write(1, {"epoch": 1})
    name = str(checkpoints(folder).write(2, {"epoch": 2}))
    garbled = content_of(folder, name)[:-100] if content is None else content
    folder.write(name, lambda file: file.write(garbled))
    assert checkpoints(folder).load(name) == {"epoch": 1}


def test_a_missing_one_is_answered_by_the_newest_there_is(folder: Folder) -> None:
    for epoch in (1, 2):
        checkpoints(folder).write(epoch, {"epoch": epoch})
    assert checkpoints(folder).load("epoch-000005.pt") == {"epoch": 2}


def test_with_none_to_read_there_is_a_new_start(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    assert checkpoints(folder).load("epoch-000001.pt") is None
    assert "the trial starts anew" in caplog.text


def test_one_of_another_configuration_is_refused(folder: Folder) -> None:
    name = checkpoints(folder, "theirs").write(1, STATE)
    with pytest.raises(ValueError, match=r"epoch-000001\.pt was written by another configuration .* theirs, .* this"):
        checkpoints(folder).load(str(name))


def test_a_file_that_would_run_code_is_not_loaded(folder: Folder) -> None:
    evil = {"fingerprint": "this", "state": {"path": Path("anything but plain values")}}
    folder.write("evil.pt", lambda file: torch.save(evil, file))
    assert checkpoints(folder).load("evil.pt") is None


class Unwritable:
    """Ends a write in the middle, as a crash or a full disk would."""

    def __reduce__(self) -> str:
        raise OSError(28, "No space left on device")


def test_a_write_that_fails_leaves_the_old_files_and_nothing_else(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints(folder).write(1, STATE)
    before = content_of(folder, "epoch-000001.pt")
    assert checkpoints(folder).write(1, {"weights": torch.zeros(10), "broken": Unwritable()}) is None
    assert "goes on without it" in caplog.text
    assert folder.names() == ["epoch-000001.pt"]
    assert content_of(folder, "epoch-000001.pt") == before


def test_a_folder_that_cannot_be_made_costs_the_checkpoint_not_the_trial(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert checkpoints(open_folder(tmp_path / "file")).write(1, STATE) is None


def test_a_bucket_that_is_away_costs_the_checkpoint_and_one_line_and_not_the_trial(
    s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hand = checkpoints(open_folder(s3.url("trial")))
    name = str(hand.write(1, STATE))
    s3.stop()
    assert hand.write(2, STATE) is None
    [line] = caplog.records
    assert line.message.endswith("name=epoch-000002.pt; the trial goes on without it")
    assert hand.load(name) is None
    s3.start()
    assert hand.load(name) is not None


def test_credentials_that_the_bucket_refuses_cost_the_checkpoint_and_are_told(
    s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with s3.refusing():
        assert checkpoints(open_folder(s3.url("trial"))).write(1, STATE) is None
    assert "AWS Error INVALID_ACCESS_KEY_ID" in caplog.text
    assert "the-key-to-the-bucket" not in caplog.text

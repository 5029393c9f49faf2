"""Checkpoints on a real disk."""

from pathlib import Path
from typing import Any

import pytest
import torch

from trainers.checkpoints import Checkpoints

STATE: dict[str, Any] = {"weights": torch.arange(6.0), "steps": {"count": 3, "rates": [0.1, 0.2], "start": None}}


def checkpoints(folder: Path, fingerprint: str = "this") -> Checkpoints:
    return Checkpoints(folder, fingerprint, every_seconds=0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    name = checkpoints(tmp_path / "trial").write(3, STATE)
    assert name == "epoch-000003.pt"
    state = checkpoints(tmp_path / "trial").load(name)
    assert state is not None
    assert torch.equal(state["weights"], STATE["weights"])
    assert state["steps"] == STATE["steps"]


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    for epoch in (1, 2, 5, 9):
        checkpoints(tmp_path).write(epoch, STATE)
    assert names(tmp_path) == ["epoch-000005.pt", "epoch-000009.pt"]


def test_later_epochs_of_an_abandoned_attempt_do_not_push_out_the_new_ones(tmp_path: Path) -> None:
    for epoch in (7, 8, 2, 3, 4):
        checkpoints(tmp_path).write(epoch, STATE)
    assert names(tmp_path) == [f"epoch-00000{epoch}.pt" for epoch in (3, 4, 7, 8)]


def test_one_is_due_when_the_interval_has_passed_since_the_start_or_the_last(tmp_path: Path) -> None:
    times = iter([100.0, 104.0, 106.0, 106.0, 108.0, 111.0])
    hand = Checkpoints(tmp_path, "this", every_seconds=5, now=lambda: next(times))
    assert [hand.is_due(), hand.is_due()] == [False, True]
    hand.write(1, STATE)
    assert [hand.is_due(), hand.is_due()] == [False, True]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_a_garbled_newest_one_is_answered_by_the_one_before(tmp_path: Path, content: bytes | None) -> None:
    checkpoints(tmp_path).write(1, {"epoch": 1})
    path = tmp_path / str(checkpoints(tmp_path).write(2, {"epoch": 2}))
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    assert checkpoints(tmp_path).load(path.name) == {"epoch": 1}


def test_a_missing_one_is_answered_by_the_newest_there_is(tmp_path: Path) -> None:
    for epoch in (1, 2):
        checkpoints(tmp_path).write(epoch, {"epoch": epoch})
    assert checkpoints(tmp_path).load("epoch-000005.pt") == {"epoch": 2}


def test_with_none_to_read_there_is_a_new_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert checkpoints(tmp_path / "absent").load("epoch-000001.pt") is None
    assert "the trial starts anew" in caplog.text


def test_one_of_another_configuration_is_refused(tmp_path: Path) -> None:
    name = checkpoints(tmp_path, "theirs").write(1, STATE)
    with pytest.raises(ValueError, match=r"epoch-000001\.pt was written by another configuration .* theirs, .* this"):
        checkpoints(tmp_path).load(str(name))


def test_a_file_that_would_run_code_is_not_loaded(tmp_path: Path) -> None:
    torch.save({"fingerprint": "this", "state": {"path": Path("anything but plain values")}}, tmp_path / "evil.pt")
    assert checkpoints(tmp_path).load("evil.pt") is None


class Unwritable:
    """Ends a write in the middle, as a crash or a full disk would."""

    def __reduce__(self) -> str:
        raise OSError(28, "No space left on device")


def test_a_write_that_fails_leaves_the_old_files_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints(tmp_path).write(1, STATE)
    before = (tmp_path / "epoch-000001.pt").read_bytes()
    assert checkpoints(tmp_path).write(1, {"weights": torch.zeros(10), "broken": Unwritable()}) is None
    assert "goes on without it" in caplog.text
    assert names(tmp_path) == ["epoch-000001.pt"]
    assert (tmp_path / "epoch-000001.pt").read_bytes() == before


def test_a_folder_that_cannot_be_made_costs_the_checkpoint_not_the_trial(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert checkpoints(tmp_path / "file").write(1, STATE) is None

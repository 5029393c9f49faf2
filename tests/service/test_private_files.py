"""Files that several processes write at the same moment."""

import stat
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from service.private_files import create_private, make_private_folder, write_private

PROCESSES = 4
ROUNDS = 50


def race(folder: Path, me: int, together: Barrier) -> None:
    """Writes one file after the other at the same moment as the others do; an exception is the exit code."""
    for number in range(ROUNDS):
        together.wait(60)
        write_private(folder / f"written-{number}", f"{me}" * 1000)
        create_private(folder / f"created-{number}", f"{me}" * 1000)


@pytest.mark.slow
def test_processes_that_write_at_once_leave_the_whole_of_one(tmp_path: Path) -> None:
    context = get_context("spawn")
    together = context.Barrier(PROCESSES)
    racers = [context.Process(target=race, args=(tmp_path, me, together)) for me in range(PROCESSES)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert [racer.exitcode for racer in racers] == [0] * PROCESSES
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2 * ROUNDS, "nothing half-written is left beside them"
    assert {file.read_text() for file in files} <= {f"{me}" * 1000 for me in range(PROCESSES)}


def test_a_file_that_is_there_is_not_created_again(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "key"
    create_private(file, "first")
    create_private(file, "second")
    assert file.read_text() == "first"
    write_private(file, "third")
    assert file.read_text() == "third"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "home")
    make_private_folder(tmp_path / "home")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700

"""One contract for the folder of a trial, whether it lies on a disk or in a bucket."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from fakes.s3 import S3Server

from search_spaces import locations
from search_spaces.locations import Bucket, below
from trainers.build.storage import connect, open_folder
from trainers.folders import BucketFolder, Folder


@pytest.fixture(params=["disk", "bucket"])
def sweep(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where nothing is yet, of each kind in turn."""
    return str(tmp_path / "sweep") if request.param == "disk" else str(request.getfixturevalue("s3").url("sweep"))


@pytest.fixture
def folder(sweep: str) -> Folder:
    """A folder that was never written to."""
    return open_folder(below(sweep, "000001"))


def saves(content: bytes) -> Callable[[IO[bytes]], object]:
    return lambda file: file.write(content)


def read(folder: Folder, name: str) -> bytes:
    with folder.open(name) as file:
        return file.read()


def test_what_was_written_is_read_by_whoever_opens_the_folder(folder: Folder, sweep: str) -> None:
    folder.write("one", saves(b"first"))
    folder.write("one", saves(b"second"))
    folder.write("empty", saves(b""))
    other = open_folder(below(sweep, "000001"))
    assert (read(other, "one"), read(other, "empty")) == (b"second", b"")
    assert sorted(other.names()) == ["empty", "one"]


def test_a_file_of_many_parts_is_whole(folder: Folder) -> None:
    content = bytes(range(256)) * 50_000
    folder.write("large", saves(content))
    assert read(folder, "large") == content


def test_a_folder_that_was_never_written_to_is_empty(folder: Folder) -> None:
    assert folder.names() == []
    folder.delete("one")
    with pytest.raises(FileNotFoundError):
        folder.open("one")


def test_names_are_those_of_files_in_the_folder_itself(folder: Folder, sweep: str) -> None:
    folder.write("one", saves(b"1"))
    for other in ("0000010", "000001/deeper"):
        open_folder(below(sweep, other)).write("two", saves(b"2"))
    assert folder.names() == ["one"]


def test_a_deleted_file_is_gone_and_deleting_it_again_changes_nothing(folder: Folder) -> None:
    folder.write("one", saves(b"1"))
    folder.write("two", saves(b"2"))
    folder.delete("one")
    folder.delete("one")
    assert folder.names() == ["two"]
    folder.delete("two")
    assert folder.names() == []


def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_else(folder: Folder) -> None:
    folder.write("one", saves(b"first"))

    def break_off(file: IO[bytes]) -> None:
        file.write(b"half of the sec")
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        folder.write("one", break_off)
    assert (folder.names(), read(folder, "one")) == (["one"], b"first")


def test_a_bucket_that_does_not_exist_is_told(s3: S3Server) -> None:
    absent = open_folder(f"s3://absent-{s3.bucket}/sweep{s3.options}")
    with pytest.raises(OSError, match="bucket does not exist"):
        absent.write("one", saves(b"1"))


def test_a_server_that_is_away_costs_its_time_out_and_is_there_again_afterwards(s3: S3Server) -> None:
    folder = open_folder(s3.url("sweep"))
    folder.write("one", saves(b"1"))
    s3.stop()
    for call in (lambda: folder.write("two", saves(b"2")), folder.names):
        with pytest.raises(OSError, match="connect"):
            call()
    s3.start()
    folder.write("two", saves(b"2"))
    assert sorted(folder.names()) == ["one", "two"]


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "SILENCE_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bucket = Bucket("bucket", f"127.0.0.1:{silent.getsockname()[1]}", "http", "us-east-1")
        with pytest.raises(OSError, match="Timeout was reached"):
            BucketFolder(connect(bucket, tries=1), bucket.path).names()

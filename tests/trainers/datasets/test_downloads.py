"""Fetching missing files."""

from pathlib import Path

import pytest

from trainers.datasets.downloads import read_or_download


class Shelf:
    """Files that are there once they were fetched."""

    def __init__(self, error: Exception | None = None) -> None:
        self.fetches = 0
        self._error = error

    def read(self) -> str:
        if not self.fetches:
            raise ValueError("missing")
        return "images"

    def fetch(self) -> None:
        if self._error is not None:
            raise self._error
        self.fetches += 1


def test_missing_files_are_fetched_only_on_request(tmp_path: Path) -> None:
    shelf = Shelf()
    with pytest.raises(ValueError, match="missing"):
        read_or_download("name", tmp_path, shelf.read, shelf.fetch, download=False)
    assert shelf.fetches == 0
    assert read_or_download("name", tmp_path / "new", shelf.read, shelf.fetch, download=True) == "images"


def test_files_that_are_there_are_not_fetched_again(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.fetches = 1
    assert read_or_download("name", tmp_path, shelf.read, shelf.fetch, download=True) == "images"
    assert (shelf.fetches, list(tmp_path.iterdir())) == (1, [])


@pytest.mark.parametrize("error", [RuntimeError("no such host"), PermissionError("read-only")])
def test_what_cannot_be_fetched_is_refused_by_name_and_folder(tmp_path: Path, error: Exception) -> None:
    shelf = Shelf(error)
    with pytest.raises(ValueError, match=rf"name cannot be downloaded into {tmp_path}: {error}"):
        read_or_download("name", tmp_path, shelf.read, shelf.fetch, download=True)

"""The files of a bucket on this machine's disk: fetched by one process while others wait, and anew once changed.

Others read a copy meanwhile: none is taken away, and whatever is mended in it takes its place in one step.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from trainers.datasets.downloads import one_at_a_time

FILES_AT_ONCE = 16
"""Fetched side by side: a store answers each call after some 20 ms, whatever it carries."""
PARTIAL = "fetching-"
HALVES = f"{PARTIAL}halves"
"""Where files lie until they are on the disk as a whole."""

Listing = Mapping[str, tuple[int, int]]
"""Size in bytes and time of the last change, in ns, of each file by its path below the prefix."""


def mirror(store: Any, path: str, cache: Path) -> Path:
    """A folder in `cache` with the files below `path`, `bucket/prefix`, of a pyarrow FileSystem, as they are by now.

    What was cut off goes on where it was. Raises ValueError where there are no files or none that a disk can hold, and
    OSError while the store is away, refuses or changes, or when the disk is full.
    """
    files = _list(store, path)
    copy = cache / _digest(files)
    if not _is_whole(copy, files):
        with one_at_a_time(cache):
            if not _is_whole(copy, files):
                _fetch(store, path, files, copy)
    return copy


def _list(store: Any, path: str) -> Listing:
    from pyarrow.fs import FileSelector  # noqa: PLC0415  # half a second, which folders are spared

    found = store.get_file_info(FileSelector(path, recursive=True, allow_not_found=True))
    files = {one.path.removeprefix(f"{path}/"): (one.size, one.mtime_ns) for one in found if one.is_file}
    if not files:
        raise ValueError(f"s3://{path} has no files, or its bucket does not exist; accepted: a prefix with files")
    for name in files:
        if not _fits_a_disk(name, files):
            raise ValueError(f"s3://{path} has the key {name!r}, which no folder can hold; accepted: paths of files")
    return files


def _fits_a_disk(name: str, files: Listing) -> bool:
    """Neither leads out of its folder nor goes through a file: keys of a bucket may be any text."""
    parts = name.split("/")
    ways = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return {"", ".", ".."}.isdisjoint(parts) and not any(way in files for way in ways)


def _digest(files: Listing) -> str:
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]


def _is_whole(folder: Path, files: Listing) -> bool:
    """Whether every file is there: others sweep temporary folders."""
    return folder.is_dir() and all(_is_there(folder / name, size) for name, (size, _) in files.items())


def _is_there(file: Path, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size


def _fetch(store: Any, path: str, files: Listing, copy: Path) -> None:
    partial = copy.with_name(PARTIAL + copy.name)
    for outdated in set(copy.parent.glob(f"{PARTIAL}*")) - {partial}:
        shutil.rmtree(outdated)
    halves = copy.with_name(HALVES)
    halves.mkdir()
    lacking = [name for name, (size, _) in files.items() if not _is_there(copy / name, size)]
    missing = [name for name in lacking if not _is_there(partial / name, files[name][0])]
    pool = ThreadPoolExecutor(FILES_AT_ONCE, "fetch")
    try:
        for _ in pool.map(lambda name: _fetch_file(store, f"{path}/{name}", halves, partial / name), missing):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
    if _list(store, path) != files:
        raise OSError(f"s3://{path} changed while it was fetched")
    _move(partial, copy, lacking)
    shutil.rmtree(halves)


def _fetch_file(store: Any, source: str, halves: Path, target: Path) -> None:
    """The target is there once its content is on the disk: by its size alone, a crash could leave zeros."""
    half = halves / hashlib.sha256(source.encode()).hexdigest()
    with store.open_input_stream(source) as stream, half.open("wb") as file:
        shutil.copyfileobj(stream, file, 2**20)
        file.flush()
        os.fsync(file.fileno())
    _put(half, target)


def _move(partial: Path, copy: Path, names: Sequence[str]) -> None:
    """The whole folder at once, or file by file into a copy that lacks some, which others may read."""
    if not copy.is_dir():
        for folder in [partial, *(path for path in partial.rglob("*") if path.is_dir())]:
            _sync(folder)
        partial.replace(copy)
        _sync(copy.parent)
        return
    for name in names:
        _put(partial / name, copy / name)
    for folder in {(copy / name).parent for name in names}:
        _sync(folder)
    shutil.rmtree(partial)


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _sync(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A bucket's files on this machine, whatever happens while they are fetched."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes.s3 import S3Server
from pyarrow.fs import FileInfo, FileType

from search_spaces.locations import Bucket
from trainers.build.storage import connect
from trainers.datasets.mirror import HALVES, mirror

FILES = {"cats/1.jpg": b"a cat", "cats/2.jpg": b"another cat", "dogs/é ü.jpg": b"a dog", "empty": b""}


class WatchedStore:
    """The store of a bucket, which counts what is fetched and may meddle with it."""

    def __init__(self, bucket: Bucket) -> None:
        self._store = connect(bucket, tries=3)
        self.fetched: Counter[str] = Counter()
        self.meddle: Callable[[], object] = lambda: None

    def get_file_info(self, selector: Any) -> list[FileInfo]:
        return list(self._store.get_file_info(selector))

    def open_input_stream(self, path: str) -> Any:
        self.meddle()
        self.fetched[path.split("/data/")[1]] += 1
        return self._store.open_input_stream(path)


@pytest.fixture
def put(s3: S3Server) -> Callable[..., None]:
    """Writes files below the prefix, beside which lie others."""
    s3.put({"data-evil/cats/3.jpg": b"no cat"})
    return lambda files: s3.put({f"data/{name}": content for name, content in files.items()})


@pytest.fixture
def store(s3: S3Server, put: Callable[..., None]) -> WatchedStore:
    put(FILES)
    return WatchedStore(Bucket.parse(s3.url("data")))


@pytest.fixture
def fetch(s3: S3Server, store: WatchedStore, tmp_path: Path) -> Callable[[], Path]:
    return lambda: mirror(store, f"{s3.bucket}/data", tmp_path / "cache")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_files_below_the_prefix_are_fetched_once(fetch: Callable[[], Path], store: WatchedStore) -> None:
    copy = fetch()
    assert contents(copy) == FILES
    assert fetch() == copy
    assert store.fetched == dict.fromkeys(FILES, 1)


def test_several_at_once_fetch_each_file_once(fetch: Callable[[], Path], store: WatchedStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        copies = set(pool.map(lambda _: fetch(), range(4)))
    assert [contents(copy) for copy in copies] == [FILES]
    assert store.fetched == dict.fromkeys(FILES, 1)


def test_a_bucket_that_has_changed_is_not_read_from_the_old_copy(
    fetch: Callable[[], Path], put: Callable[..., None], s3: S3Server
) -> None:
    old = fetch()
    put({"cats/1.jpg": b"a bigger cat"})
    assert contents(fetch()) == {**FILES, "cats/1.jpg": b"a bigger cat"}
    put({"cats/4.jpg": b"one more"})
    assert "cats/4.jpg" in contents(fetch())
    s3.delete("data/cats/4.jpg")
    assert "cats/4.jpg" not in contents(fetch())
    assert contents(old) == FILES


@pytest.mark.parametrize("content", [None, b"", b"a c"])
def test_a_copy_that_somebody_has_damaged_is_fetched_anew(fetch: Callable[[], Path], content: bytes | None) -> None:
    file = fetch() / "cats/1.jpg"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert contents(fetch()) == FILES


def test_a_copy_is_mended_under_those_who_read_it(fetch: Callable[[], Path], store: WatchedStore) -> None:
    copy = fetch()
    inodes = {name: (copy / name).stat().st_ino for name in FILES}
    (copy / "cats/1.jpg").write_bytes(b"a c")
    store.fetched.clear()
    seen: list[set[str]] = []
    store.meddle = lambda: seen.append(set(contents(copy)))
    with (copy / "dogs/é ü.jpg").open("rb") as reader:
        assert fetch() == copy
        assert reader.read() == FILES["dogs/é ü.jpg"]
    assert contents(copy) == FILES
    assert (seen, store.fetched) == ([set(FILES)], {"cats/1.jpg": 1})
    assert {name for name in FILES if (copy / name).stat().st_ino != inodes[name]} == {"cats/1.jpg"}


@pytest.mark.parametrize("is_damaged", [False, True])
def test_what_counts_as_whole_is_on_the_disk(
    fetch: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_damaged: bool
) -> None:
    synced: set[int] = set()
    sync = os.fsync

    def watch(descriptor: int) -> None:
        sync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    if is_damaged:
        (fetch() / "cats/1.jpg").unlink()
    monkeypatch.setattr("os.fsync", watch)
    copy = fetch()
    expected = ["cats/1.jpg", "cats"] if is_damaged else [*FILES, "cats", "dogs", "", ".."]
    assert {(copy / name).stat().st_ino for name in expected} <= synced


def test_what_was_cut_off_goes_on_where_it_was(
    fetch: Callable[[], Path], store: WatchedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainers.datasets.mirror.FILES_AT_ONCE", 1)

    def break_off_at_the_third() -> None:
        if len(store.fetched) == 2:
            raise OSError("No space left on device")

    store.meddle = break_off_at_the_third
    with pytest.raises(OSError, match="No space left"):
        fetch()
    [partial] = [path for path in (tmp_path / "cache").iterdir() if path.is_dir() and path.name != HALVES]
    [first, *_] = [path for path in partial.rglob("*") if path.is_file() and path.stat().st_size]
    first.write_bytes(first.read_bytes()[:1])
    store.meddle = lambda: None
    assert contents(fetch()) == FILES
    assert sorted(store.fetched.values()) == [1, 1, 1, 2]
    assert not partial.exists()


def test_what_changes_while_it_is_fetched_is_not_taken(
    fetch: Callable[[], Path], store: WatchedStore, put: Callable[..., None], tmp_path: Path
) -> None:
    store.meddle = lambda: put({"cats/1.jpg": b"a cat that moves"})
    with pytest.raises(OSError, match=r"s3://bucket-.*/data changed while it was fetched"):
        fetch()
    store.meddle = lambda: None
    assert contents(fetch())["cats/1.jpg"] == b"a cat that moves"
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 1


def test_a_prefix_without_files_is_refused(s3: S3Server, store: WatchedStore, tmp_path: Path) -> None:
    for path in (f"{s3.bucket}/dat", f"{s3.bucket}/absent", "absent-bucket/data"):
        with pytest.raises(ValueError, match=rf"s3://{path} has no files, or its bucket does not exist"):
            mirror(store, path, tmp_path)


@pytest.mark.parametrize("key", ["../evil", "cats/../../evil", "./x", "cats//y", "/etc/passwd", "cats/1.jpg/below"])
def test_a_key_that_leads_out_of_the_folder_is_refused(key: str, tmp_path: Path) -> None:
    class Listed:
        def get_file_info(self, _: Any) -> Iterator[FileInfo]:
            for name in ("cats/1.jpg", key):
                yield FileInfo(f"bucket/data/{name}", FileType.File, size=1, mtime_ns=0)

    with pytest.raises(ValueError, match="which no folder can hold"):
        mirror(Listed(), "bucket/data", tmp_path)


def test_a_store_that_is_away_is_an_error_even_with_a_copy(fetch: Callable[[], Path], s3: S3Server) -> None:
    fetch()
    s3.stop()
    with pytest.raises(OSError, match="connect to server"):
        fetch()

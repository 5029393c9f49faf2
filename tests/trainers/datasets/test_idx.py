"""IDX files."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from trainers.datasets.idx import read_idx

HEADER = b"\0\0\x08\x02" + (2).to_bytes(4) + (3).to_bytes(4)


@pytest.mark.parametrize("packed", [True, False])
def test_bytes_are_read_in_the_shape_of_the_header(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("a.gz" if packed else "a")
    content = HEADER + bytes(range(6))
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    np.testing.assert_array_equal(read_idx(path), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a", b"", "is no IDX file"),
        ("a", b"\0\0\x0d\x01", r"starts with '00000d01'; accepted: 000008"),
        ("a", HEADER + b"12345", r"has 17 bytes; accepted: 18, for its header says 2 × 3"),
        ("a", HEADER[:7], "is cut or damaged"),
        ("a.gz", gzip.compress(HEADER + b"123456", mtime=0)[:-9], "cannot be read"),
        ("a.gz", b"not packed", "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{path} .*{sentence}|{path} {sentence}"):
        read_idx(path)

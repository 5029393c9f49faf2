"""Reads IDX, the format of the MNIST family: torchvision's own reader takes no gzip, which is how the files come."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC_OF_BYTES = b"\x00\x00\x08"
"""Followed by the number of dimensions, their sizes as big-endian 32-bit numbers, and the elements."""


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of bytes in the file, which is gzipped if its name says so. Raises ValueError naming the file."""
    content = _content(path)
    if content[:3] != MAGIC_OF_BYTES or len(content) < 4:
        raise ValueError(f"{path} is no IDX file of bytes: it starts with {content[:4].hex()!r}; accepted: 000008…")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[at : at + 4]) for at in range(4, start, 4))
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path} is cut or damaged: it has {len(content)} bytes; accepted: {start + math.prod(shape)}, "
            f"for its header says {' × '.join(str(size) for size in shape)}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}; accepted: the whole file, as published") from error

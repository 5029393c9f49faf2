"""Image files as squares of bytes."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trainers.datasets.image_file import read_square


def gradient(height: int, width: int) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([rows * 4, columns * 4, rows + columns], axis=-1).astype(np.uint8))


@pytest.mark.parametrize(("height", "width"), [(20, 30), (30, 20), (20, 20)])
def test_the_middle_square_is_brought_to_size_as_pillow_does(tmp_path: Path, height: int, width: int) -> None:
    image, square = gradient(height, width), min(height, width)
    image.save(tmp_path / "a.png")
    left, top = (width - square) // 2, (height - square) // 2
    box = (left, top, left + square, top + square)
    reference = np.array(image.crop(box).resize((8, 8), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    found = read_square(tmp_path / "a.png", 8)
    assert (found.dtype, found.shape) == (torch.uint8, (3, 8, 8))
    assert np.abs(found.numpy().astype(int) - reference).max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "LA", "CMYK"])
def test_every_mode_becomes_three_channels(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    gradient(9, 9).convert(mode).save(path)
    assert read_square(path, 8).shape == (3, 8, 8)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_cut_file_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    gradient(60, 60).save(path)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(ValueError, match=rf"image {path} cannot be read"):
        read_square(path, 8)


def test_a_png_with_a_wrong_byte_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    gradient(60, 60).save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"image {path} cannot be read"):
        read_square(path, 8)


def test_no_image_at_all_and_no_file_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello")
    for name in ("a.jpg", "b.jpg"):
        with pytest.raises(ValueError, match=rf"{tmp_path / name} cannot be read"):
            read_square(tmp_path / name, 8)


def test_sixteen_bits_are_refused_and_not_clipped_to_white(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 30_000, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"more than 8 bits per channel \(mode I;16\)"):
        read_square(tmp_path / "a.png", 8)


def test_an_image_that_would_fill_the_memory_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    gradient(9, 9).save(tmp_path / "bomb.png")
    content = bytearray((tmp_path / "bomb.png").read_bytes())
    content[16:24] = struct.pack(">II", 50_000, 50_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"bomb\.png cannot be read: .*decompression bomb"):
        read_square(tmp_path / "bomb.png", 8)

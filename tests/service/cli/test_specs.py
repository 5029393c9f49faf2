"""Specs from files and presets, and everything that can be wrong with them."""

from pathlib import Path

import pytest

from search_spaces.presets import digits_smoke
from service.cli.failures import CommandFailed
from service.cli.specs import read_spec

SPEC = """
name: mine
dataset: {name: digits}
arms:
  - {name: supcon, objective: supcon, base: {weight_decay: 1e-4}}
  - {name: cross_entropy, objective: cross_entropy}
shared:
  learning_rate_multiplier: {kind: float, low: 1e-1, high: 1.0e+1, log: true}
"""


def spec_file(folder: Path, text: str, name: str = "sweep.yaml") -> str:
    """A file with this text."""
    file = folder / name
    file.write_text(text)
    return str(file)


def test_name_of_a_preset_gives_its_spec() -> None:
    assert read_spec("digits_smoke") == digits_smoke()


def test_numbers_with_an_exponent_and_no_point_are_numbers(tmp_path: Path) -> None:
    spec = read_spec(spec_file(tmp_path, SPEC))
    assert spec.arms[0].base["weight_decay"] == 1e-4
    assert spec.base_config(spec.arms[0]).weight_decay == 1e-4


def test_everything_wrong_with_a_spec_is_told_at_once(tmp_path: Path) -> None:
    file = spec_file(tmp_path, SPEC.replace("digits", "cats").replace("low: 1e-1", "low: 0"))
    with pytest.raises(CommandFailed) as caught:
        read_spec(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert "'cats'" in str(caught.value)
    assert "low" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("sweep.json", "{,}", "is not JSON"),
        ("sweep.yaml", "a: [1", "is not YAML"),
        ("sweep.yaml", "just words", "accepted"),
        ("sweep.yaml", "", "accepted"),
        ("sweep.yaml", "1: 2", "unknown field '1'"),
    ],
)
def test_file_without_a_spec_is_told(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    file = spec_file(tmp_path, text, name)
    with pytest.raises(CommandFailed, match=sentence) as caught:
        read_spec(file)
    assert file in str(caught.value)


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CommandFailed, match="not UTF-8"):
        read_spec(str(file))


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="cannot be read: No such file"):
        read_spec(str(tmp_path / "none.yaml"))


def test_folder_is_no_spec(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="cannot be read: Is a directory"):
        read_spec(str(tmp_path))


def test_what_is_neither_file_nor_preset_is_told_with_the_presets() -> None:
    with pytest.raises(CommandFailed, match="neither a file nor a preset; presets: digits_smoke, digits_demo"):
        read_spec("digits-smoke")

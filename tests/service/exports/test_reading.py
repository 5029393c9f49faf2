"""What is read back out of an export is what was written into it, in both forms."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from service.exports.csv_text import header_line, lines_of
from service.exports.parquet_file import ParquetBytes
from service.exports.reading import read_trials
from service.exports.trial_table import ExportedTrial, trial_table
from service.robustness.report import build_report
from service.robustness.trials import SweepHeader

Write = Callable[[Path, Sequence[ExportedTrial]], Path]


def write_csv(file: Path, rows: Sequence[ExportedTrial]) -> Path:
    file.write_bytes(header_line(trial_table()) + lines_of(trial_table(), rows))
    return file


def write_parquet(file: Path, rows: Sequence[ExportedTrial]) -> Path:
    written = ParquetBytes(trial_table())
    file.write_bytes(written.write(rows[:5]) + written.write(rows[5:]) + written.close())
    return file


@pytest.fixture(params=[write_csv, write_parquet])
def write(request: pytest.FixtureRequest) -> Write:
    """Writes an export of either form."""
    chosen: Write = request.param
    return chosen


def test_sweep_and_trials_come_back_unchanged(
    write: Write, tmp_path: Path, header: SweepHeader, rows: list[ExportedTrial]
) -> None:
    read_header, read_rows = read_trials(write(tmp_path / "export", rows))
    assert read_header == header
    assert read_rows == [row.trial for row in rows]


def test_report_of_an_export_has_the_same_numbers(
    write: Write, tmp_path: Path, header: SweepHeader, rows: list[ExportedTrial]
) -> None:
    made = build_report(header, [row.trial for row in rows])
    assert build_report(*read_trials(write(tmp_path / "export", rows))) == made


def test_sweep_without_anything_optional_comes_back_too(
    write: Write, tmp_path: Path, header: SweepHeader, rows: list[ExportedTrial]
) -> None:
    bare = replace(header, note=None, further_metrics=(), arms=("supcon", "cross_entropy", "arm-without-trials"))
    assert read_trials(write(tmp_path / "export", [replace(row, sweep=bare) for row in rows]))[0] == bare


def test_export_without_trials_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it holds no trial"):
        read_trials(write(tmp_path / "export", []))


def test_two_sweeps_in_one_file_are_refused_by_name(
    write: Write, tmp_path: Path, header: SweepHeader, rows: list[ExportedTrial]
) -> None:
    others = [replace(row, sweep=replace(header, sweep_id="b16")) for row in rows]
    with pytest.raises(ValueError, match="sweeps 5a11 and b16; accepted: one sweep"):
        read_trials(write(tmp_path / "export", [*rows, *others]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace("score,", "skore,", 1), "it has no column score"),
        (lambda text: text.replace(",0.1,", ",high,", 1), "sweep_chance_level cannot be 'high'; accepted: number"),
        (lambda text: text.replace(",completed,", ",won,", 1), "trial 0 has a outcome that is none"),
        (lambda text: text.replace("randaugment", "magic", 1), "trial 0 has a augmentation that is none"),
        (lambda text: text.replace(",true,", ",maybe,", 1), "cannot be 'maybe'; accepted: boolean"),
        (lambda text: "PAR1" + text, "it is not Parquet"),
        (lambda text: text.replace('"with ""quotes""', '"with "quotes"', 1), "it is not CSV"),
        (lambda _text: "a,b\r\n1,2\r\n", "it is no export of trials"),
        (lambda _text: "", "it holds no trial"),
    ],
)
def test_file_that_is_no_export_is_refused_in_a_sentence(
    tmp_path: Path, rows: list[ExportedTrial], change: Callable[[str], str], sentence: str
) -> None:
    file = write_csv(tmp_path / "export.csv", rows)
    file.write_bytes(change(file.read_bytes().decode()).encode())
    with pytest.raises(ValueError, match=sentence):
        read_trials(file)

"""`supsweep report --recompute`: the report of a file, and the same held against the one that is stored."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from service.exports.csv_text import header_line, lines_of
from service.exports.trial_table import ExportedTrial, trial_table
from service.robustness import bootstrap
from service.robustness.markdown import render_markdown
from service.robustness.report import RobustnessReport, build_report
from service.robustness.trials import SweepHeader, TrialRow
from service.schemas.sweeps import SweepDetail

Supsweep = Callable[..., Result]
SPEC = digits_smoke()
HEADER = SweepHeader(
    "abc", "digits-smoke", "digits", "val_top1", "maximize", 0.1, ("supcon", "cross_entropy"), "paired", "epochs"
)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples than a report draws, for speed."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 500)


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, RobustnessReport]:
    """An export of seven pairs, and the report of its trials."""
    scores = np.random.default_rng(0).uniform(0.5, 0.9, size=14)
    trials = [_trial(number, float(score)) for number, score in enumerate(scores)]
    rows = [ExportedTrial(HEADER, trial, "ended", {}, None, None, None) for trial in trials]
    file = tmp_path / "export.csv"
    file.write_bytes(header_line(trial_table()) + lines_of(trial_table(), rows))
    return file, build_report(HEADER, trials)


def test_report_is_made_from_the_file_alone(supsweep: Supsweep, exported: tuple[Path, RobustnessReport]) -> None:
    file, report = exported
    assert supsweep("report", "--recompute", file).stdout == render_markdown(report) + "\n"
    text = supsweep("report", "--recompute", file, "--format", "json").stdout
    assert RobustnessReport.model_validate_json(text) == report
    page = file.with_name("report.html")
    assert supsweep("report", "--recompute", file, "--format", "html", "--output", page).exit_code == 0
    assert page.read_text().lstrip().startswith("<!doctype html>")


def test_equal_reports_are_said_to_be_equal(
    supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail, exported: tuple[Path, RobustnessReport]
) -> None:
    file, report = exported
    _answer(scripted, sweep, report.model_dump_json())
    result = supsweep("report", sweep.id, "--recompute", file)
    assert result.exit_code == 0
    assert f"is the one made again from {file}" in result.stdout
    assert "numbers, all the same" in result.stdout


def test_every_number_that_differs_is_told_with_its_place(
    supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail, exported: tuple[Path, RobustnessReport]
) -> None:
    file, report = exported
    lie = report.model_copy(update={"seed": 1, "trials": report.trials[1:]})
    _answer(scripted, sweep, lie.model_dump_json())
    result = supsweep("report", sweep.id, "--recompute", file)
    assert result.exit_code == 1
    assert "/seed: stored 1, made again 0" in result.stdout
    assert "differs from" in result.stderr


@pytest.mark.parametrize(("content", "sentence"), [(b"a,b\r\n1,2\r\n", "it is no export of trials"), (b"", "no trial")])
def test_file_that_is_no_export_is_a_sentence(
    supsweep: Supsweep, tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    result = supsweep("report", "--recompute", file)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"supsweep: {file} cannot be made a report of: ")
    assert sentence in result.stderr


def test_missing_file_and_missing_sweep_are_sentences(supsweep: Supsweep, tmp_path: Path) -> None:
    missing = supsweep("report", "--recompute", tmp_path / "no")
    assert missing.stderr == f"supsweep: {tmp_path / 'no'} cannot be read: No such file or directory\n"
    assert "whose report?" in supsweep("report").stderr


def _answer(scripted: ScriptedService, sweep: SweepDetail, report: str) -> None:
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(sweep.model_dump_json()))
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}/report", Answer(report))


def _trial(number: int, score: float) -> TrialRow:
    arm = HEADER.arms[number % 2]
    return TrialRow(
        number=number,
        arm=arm,
        point=number // 2,
        replicate=0,
        seed=0,
        outcome=Outcome.COMPLETED,
        reason=None,
        score=score,
        scores={"val_top1": score},
        image_passes=100,
        device_seconds=1.0,
        attempts=1,
        config=SPEC.base_config(SPEC.arm(arm)),
    )

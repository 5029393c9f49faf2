"""`supsweep report` in every form, to the terminal and to files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

from service.schemas.sweeps import SweepDetail

Supsweep = Callable[..., Result]


@pytest.fixture
def reported(scripted: ScriptedService, sweep: SweepDetail) -> SweepDetail:
    """A sweep with a report."""
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(sweep.model_dump_json()))
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}/report", Answer("ρ(ε) [bold]as it is[/bold]"))
    return sweep


@pytest.mark.parametrize(
    ("form", "media_type"), [("markdown", "text/markdown"), ("json", "application/json"), ("html", "text/html")]
)
def test_report_is_printed_as_it_is(
    supsweep: Supsweep, scripted: ScriptedService, reported: SweepDetail, form: str, media_type: str
) -> None:
    result = supsweep("report", reported.id, "--format", form)
    assert result.stdout == "ρ(ε) [bold]as it is[/bold]\n"
    assert scripted.requests[-1].headers["Accept"] == media_type


def test_report_goes_to_a_file_in_a_new_folder(supsweep: Supsweep, reported: SweepDetail, tmp_path: Path) -> None:
    file = tmp_path / "new" / "report.md"
    assert supsweep("report", reported.id, "--output", file).exit_code == 0
    assert file.read_text() == "ρ(ε) [bold]as it is[/bold]"


def test_file_that_cannot_be_written_is_told(supsweep: Supsweep, reported: SweepDetail, tmp_path: Path) -> None:
    result = supsweep("report", reported.id, "--output", tmp_path)
    assert result.exit_code == 1
    assert result.stderr == f"supsweep: {tmp_path} cannot be written: Is a directory\n"

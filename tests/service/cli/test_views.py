"""`supsweep trials`, `trial`, `compare`, `export` and `ls --label`: against the real service, and scripted ones."""

import csv
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.schemas.sweeps import SweepDetail
from service.schemas.trials import TrialDetail

Supsweep = Callable[..., Result]


@pytest.mark.usefixtures("service")
def test_trials_are_listed_and_filtered(supsweep: Supsweep, sweep: SweepDetail) -> None:
    lines = supsweep("trials", sweep.id, "--arm", "supcon").stdout.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["trial", "arm", "point", "state"],
        ["0", "supcon", "0", "planned"],
        ["2", "supcon", "1", "planned"],
    ]
    assert len(supsweep("trials", sweep.id, "--limit", 3).stdout.splitlines()) == 4
    assert supsweep("trials", sweep.id, "--outcome", "failed").stdout == "no such trials\n"


@pytest.mark.usefixtures("service")
def test_arm_that_the_sweep_has_not_is_a_sentence(supsweep: Supsweep, sweep: SweepDetail) -> None:
    result = supsweep("trials", sweep.id, "--arm", "moon")
    assert result.stderr == "supsweep: arm cannot be 'moon'; accepted: supcon, cross_entropy\n"


@pytest.mark.usefixtures("service")
def test_trial_shows_its_configuration(supsweep: Supsweep, sweep: SweepDetail) -> None:
    text = supsweep("trial", sweep.id, 1).stdout
    assert "1, cross_entropy, point 0, replicate 0" in text
    assert "objective = cross_entropy" in text
    assert supsweep("trial", sweep.id, 9).stderr == f"supsweep: sweep {sweep.id} has no trial 9\n"


def test_trial_shows_every_attempt(supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail) -> None:
    example = TrialDetail.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(sweep.model_dump_json()))
    trial = TrialDetail.model_validate(example).model_dump_json()
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}/trials/6", Answer(trial))
    text = supsweep("trial", sweep.id, 6).stdout
    assert "val_top1" in text
    assert [line.split()[0] for line in text.splitlines()[-2:]] == ["1", "2"]
    assert "lost" in text


def test_labels_choose_sweeps(supsweep: Supsweep, client: SupsweepClient) -> None:
    chosen = client.create_sweep(vary(digits_smoke(), labels={"team": "cli"})).id
    lines = supsweep("ls", "--label", "team=cli").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", chosen]
    assert "accepted: a label and its value" in supsweep("ls", "--label", "team").stderr


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("words", "name", "rows"),
    [
        ((), "trials.csv", 4),
        (("--format", "parquet"), "trials.parquet", 4),
        (("--table", "curves"), "curves.csv", 0),
    ],
)
def test_export_is_named_by_its_sweep(
    supsweep: Supsweep,
    sweep: SweepDetail,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    name: str,
    rows: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = supsweep("export", sweep.id, *words)
    file = Path(f"{sweep.id}-{name}")
    assert result.stdout == f"{name.split('.', maxsplit=1)[0]} written to {file}\n"
    with file.open(newline="") as stream:
        count = pq.read_table(file).num_rows if name.endswith("parquet") else len(list(csv.DictReader(stream)))
    assert count == rows
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []


@pytest.mark.usefixtures("service")
def test_form_of_an_export_is_that_of_its_files_name(supsweep: Supsweep, sweep: SweepDetail, tmp_path: Path) -> None:
    file = tmp_path / "new" / "x.parquet"
    assert supsweep("export", sweep.id, "--output", file).exit_code == 0
    assert pq.read_table(file).num_rows == 4


@pytest.mark.usefixtures("service")
def test_export_that_cannot_be_written_is_told(supsweep: Supsweep, sweep: SweepDetail, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = supsweep("export", sweep.id, "--output", tmp_path / "file" / "x.csv")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize(("form", "media_type"), [("markdown", "text/markdown"), ("json", "application/json")])
def test_comparison_is_printed_as_it_is(
    supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail, form: str, media_type: str
) -> None:
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(sweep.model_dump_json()))
    scripted.answers("GET", "/v1/compare", Answer("# side by side"))
    assert supsweep("compare", sweep.id, sweep.id, "--format", form).stdout == "# side by side\n"
    request = scripted.requests[-1]
    assert request.path == f"/v1/compare?sweeps={sweep.id}%2C{sweep.id}"
    assert request.headers["Accept"] == media_type


def test_comparison_without_a_report_is_a_sentence(supsweep: Supsweep, client: SupsweepClient) -> None:
    ids = [client.create_sweep(digits_smoke()).id for _ in range(2)]
    result = supsweep("compare", *ids)
    assert result.exit_code == 1
    assert "its report comes when every trial has ended" in result.stderr

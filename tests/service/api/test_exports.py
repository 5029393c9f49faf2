"""GET /v1/sweeps/{id}/export: every trial once, in either form; and the stored report made again out of it."""

import csv
import io
import json
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from fakes.ledger import World, small_spec
from fakes.many_trials import write_ended_trials
from fakes.reported import reported_sweep

from service.exports.reading import read_trials
from service.operations import exports
from service.robustness import bootstrap
from service.robustness.report import RobustnessReport, build_report


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples than a report draws, for speed."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 500)


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_report_made_from_the_export_equals_the_stored_one(
    api: httpx.AsyncClient, world: World, tmp_path: Path, form: str
) -> None:
    sweep_id = await reported_sweep(world)
    answer = await api.get(f"/v1/sweeps/{sweep_id}/export", params={"format": form})
    (tmp_path / "export").write_bytes(answer.content)
    made_again = build_report(*read_trials(tmp_path / "export"))
    stored = (await api.get(f"/v1/sweeps/{sweep_id}/report")).text
    assert made_again == RobustnessReport.model_validate_json(stored)
    assert json.loads(made_again.model_dump_json()) == json.loads(stored)


@pytest.mark.parametrize(
    ("query", "accept", "media_type", "name"),
    [
        ({}, "*/*", "text/csv; charset=utf-8", "trials.csv"),
        ({}, "text/csv", "text/csv; charset=utf-8", "trials.csv"),
        ({}, "application/vnd.apache.parquet", "application/vnd.apache.parquet", "trials.parquet"),
        ({"format": "csv"}, "application/vnd.apache.parquet", "text/csv; charset=utf-8", "trials.csv"),
        ({"format": "parquet", "table": "curves"}, "*/*", "application/vnd.apache.parquet", "curves.parquet"),
    ],
)
async def test_form_is_chosen_by_format_before_accept(
    api: httpx.AsyncClient, world: World, query: dict[str, str], accept: str, media_type: str, name: str
) -> None:
    sweep_id = await world.create()
    answer = await api.get(f"/v1/sweeps/{sweep_id}/export", params=query, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{sweep_id}-{name}"'
    assert answer.content.startswith(b"PAR1") == ("parquet" in media_type)


async def test_curves_are_one_row_per_epoch_and_metric(api: httpx.AsyncClient, world: World, tmp_path: Path) -> None:
    sweep_id = await reported_sweep(world, points=2)
    path = f"/v1/sweeps/{sweep_id}/export"
    rows = list(csv.DictReader(io.StringIO((await api.get(path, params={"table": "curves"})).text)))
    assert len(rows) == 4 * 2 * 2
    assert [(row["number"], row["step"], row["metric"]) for row in rows[:4]] == [
        ("0", "1", "train_loss"),
        ("0", "1", "val_top1"),
        ("0", "2", "train_loss"),
        ("0", "2", "val_top1"),
    ]
    assert float(rows[0]["value"]) == 1 / 3
    (tmp_path / "curves").write_bytes((await api.get(path, params={"table": "curves", "format": "parquet"})).content)
    assert pq.read_table(tmp_path / "curves").num_rows == 16


@pytest.mark.parametrize("trials", [0, 1, 7, 8, 20])
async def test_every_trial_is_there_once_however_many_pages_there_are(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch, trials: int
) -> None:
    monkeypatch.setattr(exports, "PAGE", 4)
    await write_ended_trials(world.database, small_spec(), "abc", trials) if trials else None
    sweep_id = "abc" if trials else await _empty_search(world)
    text = (await api.get(f"/v1/sweeps/{sweep_id}/export")).text
    assert [int(row["number"]) for row in csv.DictReader(io.StringIO(text))] == list(range(trials))


async def test_formula_in_a_reason_is_no_formula_in_the_export(api: httpx.AsyncClient, world: World) -> None:
    text = (await api.get(f"/v1/sweeps/{await reported_sweep(world)}/export")).text
    reasons = [row["reason"] for row in csv.DictReader(io.StringIO(text)) if row["reason"]]
    assert reasons == ["'=1+1, the loss is NaN"]


@pytest.mark.parametrize("query", [{"format": "xlsx"}, {"table": "weights"}])
async def test_form_that_is_none_is_refused(api: httpx.AsyncClient, world: World, query: dict[str, str]) -> None:
    answer = await api.get(f"/v1/sweeps/{await world.create()}/export", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_export_of_others_is_not_found(api: httpx.AsyncClient, world: World, stranger: dict[str, str]) -> None:
    assert (await api.get(f"/v1/sweeps/{await world.create()}/export", headers=stranger)).status_code == 404


async def _empty_search(world: World) -> str:
    """Id of a search that has drawn nothing yet."""
    return await world.create(small_spec(design={"kind": "search", "sampler": "tpe"}))

"""Exports through the client: a file that is whole or not there, however the connection breaks."""

from pathlib import Path

import pytest
from fakes.scripted_service import Answer, ScriptedService

from search_spaces.presets import digits_smoke
from service.client.client import SupsweepClient
from service.client.failures import ApiError, ServiceUnreachable


def test_export_that_breaks_off_is_begun_again(
    patient: SupsweepClient, scripted: ScriptedService, tmp_path: Path
) -> None:
    scripted.answers("GET", "/v1/sweeps/abc/export", Answer("a,b\r\n1", breaks_off=True), Answer("a,b\r\n1,2\r\n"))
    patient.export_sweep("abc", tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == b"a,b\r\n1,2\r\n"
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]


def test_export_that_never_comes_leaves_no_file_and_spares_the_old_one(
    impatient: SupsweepClient, scripted: ScriptedService, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("old")
    scripted.answers("GET", "/v1/sweeps/abc/export", Answer("half", breaks_off=True))
    with pytest.raises(ServiceUnreachable):
        impatient.export_sweep("abc", tmp_path / "x.csv")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.csv", "old")]


def test_refused_export_is_told(impatient: SupsweepClient, tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="not scripted"):
        impatient.export_sweep("abc", tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_trials_curves_and_previews_come_as_models(client: SupsweepClient) -> None:
    sweep_id = client.create_sweep(digits_smoke()).id
    assert [trial.number for trial in client.list_trials(sweep_id, arm="cross_entropy")] == [1, 3]
    assert client.get_trial(sweep_id, 1).history == []
    assert client.curves(sweep_id, 1, names=["val_top1"], points=10)["val_top1"].steps == []
    assert client.preview_sweep(digits_smoke()).trials == 4


def test_labels_reach_the_service(client: SupsweepClient) -> None:
    document = digits_smoke().model_dump(mode="json", exclude_defaults=True) | {"labels": {"made.by": "a=b"}}
    created = client.create_sweep(document)
    assert [sweep.id for sweep in client.list_sweeps(labels={"made.by": "a=b"})] == [created.id]

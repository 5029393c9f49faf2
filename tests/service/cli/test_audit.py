"""`supsweep audit`, `mlflow rebuild` and `rm`, against the real service and a scripted one."""

import time
from collections.abc import Callable

import pytest
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

from search_spaces.presets import digits_smoke
from service.client.client import SupsweepClient
from service.client.failures import ApiError
from service.lifecycle import SweepState
from service.schemas.audit import AuditView, Disagreement, NotCompared, Part, RepairView
from service.schemas.sweeps import SweepDetail

Supsweep = Callable[..., Result]
AT = "2026-01-01T00:00:00Z"
FOUND = Disagreement(
    part=Part.RAY, kind="job_unwanted", subject="job j", detail="it is RUNNING and should not be", is_repairable=True
)
SILENT = NotCompared(part=Part.MLFLOW, subject="sweep x", reason="MLflow is away")


@pytest.fixture
def cancelled(client: SupsweepClient) -> str:
    """Id of a sweep that has finished."""
    sweep_id = client.create_sweep(digits_smoke()).id
    client.cancel_sweep(sweep_id)
    deadline = time.monotonic() + 30
    while client.get_sweep(sweep_id).state is not SweepState.CANCELLED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return sweep_id


def test_a_sweep_on_which_all_agree(supsweep: Supsweep, cancelled: str) -> None:
    result = supsweep("audit", cancelled)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith(f"sweep {cancelled}: no disagreement in what was compared\n")
    assert "no MLflow server is configured" in result.stdout


@pytest.fixture
def scripted_sweep(scripted: ScriptedService, sweep: SweepDetail) -> str:
    """Id of a sweep that a scripted service knows."""
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(sweep.model_dump_json()))
    return sweep.id


def test_disagreements_are_told_and_fail(supsweep: Supsweep, scripted: ScriptedService, scripted_sweep: str) -> None:
    view = AuditView.model_validate(
        {"sweep_id": scripted_sweep, "at": AT, "disagreements": [FOUND], "not_compared": [SILENT]}
    )
    scripted.answers("GET", f"/v1/sweeps/{scripted_sweep}/audit", Answer(view.model_dump_json()))
    result = supsweep("audit", scripted_sweep)
    assert result.exit_code == 1
    assert "it is RUNNING and should not be" in result.stdout
    assert "not compared with mlflow: sweep x: MLflow is away" in result.stdout
    assert f"`supsweep audit {scripted_sweep} --repair`" in result.stderr


def test_a_repair_tells_what_it_did(supsweep: Supsweep, scripted: ScriptedService, scripted_sweep: str) -> None:
    view = RepairView.model_validate(
        {"sweep_id": scripted_sweep, "at": AT, "done": ["stopped job j"], "left": [], "not_compared": []}
    )
    scripted.answers("POST", f"/v1/sweeps/{scripted_sweep}/audit", Answer(view.model_dump_json()))
    result = supsweep("audit", scripted_sweep, "--repair")
    assert (result.exit_code, result.stdout) == (0, f"done: stopped job j\nsweep {scripted_sweep}: all agree\n")


def test_rebuild_names_one_sweep_or_all(supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail) -> None:
    for words in ((), (sweep.id, "--all")):
        result = supsweep("mlflow", "rebuild", *words)
        assert (result.exit_code, result.stderr) == (1, "supsweep: name one sweep, or all of yours with --all\n")
    assert scripted.requests == []


def test_rebuild_asks_for_every_sweep(supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail) -> None:
    summary = sweep.model_dump_json(exclude={"spec", "arms", "device_seconds", "links"})
    scripted.answers("GET", "/v1/sweeps", Answer(f'{{"items": [{summary}], "next_cursor": null}}'))
    behind = sweep.model_copy(update={"mlflow_events_behind": 9})
    scripted.answers("POST", f"/v1/sweeps/{sweep.id}/mlflow/rebuild", Answer(behind.model_dump_json(), status=202))
    result = supsweep("mlflow", "rebuild", "--all")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"sweep {sweep.id} ({sweep.name}): 9 events are shown in MLflow anew\n"


def test_rebuild_without_mlflow_is_a_sentence(supsweep: Supsweep, cancelled: str) -> None:
    result = supsweep("mlflow", "rebuild", cancelled)
    assert result.exit_code == 1
    assert result.stderr.startswith("supsweep: no MLflow server is configured")


def test_a_finished_sweep_is_removed(supsweep: Supsweep, client: SupsweepClient, cancelled: str) -> None:
    result = supsweep("rm", cancelled, "--mlflow-runs", "--checkpoints")
    assert (result.exit_code, result.stdout) == (0, f"sweep {cancelled} (digits-smoke) is deleted\n")
    with pytest.raises(ApiError, match="no sweep"):
        client.get_sweep(cancelled)
    client.delete_sweep(cancelled)


def test_a_sweep_that_goes_on_is_not_removed(supsweep: Supsweep, client: SupsweepClient) -> None:
    sweep_id = client.create_sweep(digits_smoke()).id
    result = supsweep("rm", sweep_id)
    assert result.exit_code == 1
    assert "cannot be deleted; accepted: cancelled or failed or succeeded" in result.stderr


def test_a_deletion_whose_answer_was_lost_is_asked_for_again(
    supsweep: Supsweep, scripted: ScriptedService, scripted_sweep: str
) -> None:
    gone = Answer('{"title": "Not found", "status": 404, "detail": "no sweep", "code": "not_found"}', status=404)
    scripted.answers("DELETE", f"/v1/sweeps/{scripted_sweep}", Answer(status=0), gone)
    assert supsweep("rm", scripted_sweep).exit_code == 0
    assert len(scripted.requests_of("DELETE", f"/v1/sweeps/{scripted_sweep}")) == 2


def test_show_tells_why_mlflow_is_behind(supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail) -> None:
    behind = sweep.model_copy(update={"mlflow_events_behind": 9, "mlflow_problem": "MLflow is away"})
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(behind.model_dump_json()))
    assert "9 events behind: MLflow is away" in supsweep("show", sweep.id).stdout

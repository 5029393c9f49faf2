"""The contract of TrackingStore, for the fake and for a real MLflow server alike."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx
import pytest
from fakes.tracking import FakeTrackingStore, ShownRun

from search_spaces.outcomes import Outcome
from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from service.lifecycle import SweepState
from service.search.designs import plan_trials
from service.tracking.mlflow_store import MlflowStore
from service.tracking.protocol import SweepRun, TrackingRefused, TrackingStore, TrackingUnavailable
from service.tracking.view import StepView, SweepView, TrialView

START_MS = 1_700_000_000_000


@dataclass(frozen=True)
class Subject:
    """A store under test, and ways to see what it shows."""

    store: TrackingStore
    shown: Callable[[str], ShownRun]
    run_ids: Callable[[str], set[str]]


@pytest.fixture(params=["fake", pytest.param("mlflow", marks=pytest.mark.slow)])
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each store in turn."""
    if request.param == "mlflow":
        window = request.getfixturevalue("mlflow_window")
        return Subject(MlflowStore(request.getfixturevalue("mlflow_uri")), window.run, window.run_ids)
    fake = FakeTrackingStore()

    def run_ids(experiment: str) -> set[str]:
        return {run_id for run_id, run in fake.runs.items() if run.experiment == experiment}

    return Subject(fake, fake.runs.__getitem__, run_ids)


@pytest.fixture
def sweep() -> SweepView:
    """A running sweep in an experiment of its own."""
    unique = uuid4().hex
    spec = vary(PRESETS["digits_demo"](), experiment=unique, labels={"team": "vision"})
    return SweepView(unique, spec, SweepState.RUNNING, None, START_MS, None)


@pytest.fixture
def trial(sweep: SweepView) -> TrialView:
    """The sweep's third trial, running."""
    plan = plan_trials(sweep.spec)[2]
    return TrialView(
        sweep_id=sweep.id,
        number=plan.number,
        arm=plan.arm,
        point=plan.point,
        replicate=0,
        config=plan.config,
        outcome=None,
        reason=None,
        scores={},
        facts={},
        attempts=1,
        device_seconds=0.0,
        image_passes=0,
        started_at_ms=START_MS + 500,
        ended_at_ms=None,
    )


def _ended(trial: TrialView, outcome: Outcome, reason: str | None = None) -> TrialView:
    scores = {"val_top1": 0.9, "test_top1": 0.8} if outcome is Outcome.COMPLETED else {}
    cost = {"device_seconds": 4.5, "image_passes": 1000, "ended_at_ms": START_MS + 9000}
    return replace(trial, outcome=outcome, reason=reason, scores=scores, **cost)


def test_a_sweeps_run_carries_its_name_parameters_labels_and_spec(subject: Subject, sweep: SweepView) -> None:
    shown = subject.shown(subject.store.ensure_sweep_run(sweep).run_id)
    assert (shown.name, shown.status, shown.started_at_ms) == ("digits-demo", "RUNNING", START_MS)
    assert shown.experiment == sweep.spec.mlflow_experiment
    assert shown.parameters["sampler"] == "sobol"
    assert shown.tags == {"supsweep.sweep_id": sweep.id, "supsweep.state": "running", "label.team": "vision"}
    assert json.loads(shown.files["spec.json"]) == sweep.spec.model_dump(mode="json")


def test_a_trials_run_lies_below_its_sweeps(subject: Subject, sweep: SweepView, trial: TrialView) -> None:
    parent = subject.store.ensure_sweep_run(sweep)
    shown = subject.shown(subject.store.ensure_trial_run(parent, trial))
    assert (shown.name, shown.parent_id) == ("supcon #2 point 1", parent.run_id)
    assert (shown.status, shown.started_at_ms, shown.ended_at_ms) == ("RUNNING", START_MS + 500, None)


def test_trials_compare_by_the_parameters_that_their_objective_uses(
    subject: Subject, sweep: SweepView, trial: TrialView
) -> None:
    shown = subject.shown(subject.store.ensure_trial_run(subject.store.ensure_sweep_run(sweep), trial))
    assert shown.parameters["temperature"] == str(trial.config.temperature)
    assert (shown.parameters["arm"], shown.parameters["point"]) == ("supcon", "1")
    assert "label_smoothing" not in shown.parameters


def test_the_same_run_is_found_however_often_it_is_ensured(
    subject: Subject, sweep: SweepView, trial: TrialView
) -> None:
    parents = [subject.store.ensure_sweep_run(sweep) for _ in range(3)]
    children = [subject.store.ensure_trial_run(parents[0], trial) for _ in range(3)]
    assert len(set(parents)) == len(set(children)) == 1
    assert subject.run_ids(sweep.spec.mlflow_experiment) == {parents[0].run_id, children[0]}


def test_sweeps_and_trials_of_one_experiment_are_kept_apart(
    subject: Subject, sweep: SweepView, trial: TrialView
) -> None:
    twin = replace(sweep, id=uuid4().hex)
    parents = [subject.store.ensure_sweep_run(one) for one in (sweep, twin)]
    trials = [trial, replace(trial, number=20), replace(trial, sweep_id=twin.id)]
    for parent, one in zip([parents[0], parents[0], parents[1]], trials, strict=True):
        subject.store.ensure_trial_run(parent, one)
    assert parents[0].experiment_id == parents[1].experiment_id
    assert len(subject.run_ids(sweep.spec.mlflow_experiment)) == 5


def test_steps_that_are_logged_again_appear_once(subject: Subject, sweep: SweepView, trial: TrialView) -> None:
    run_id = subject.store.ensure_trial_run(subject.store.ensure_sweep_run(sweep), trial)
    steps = [StepView(step, {"train_loss": 2.0 / step, "val_top1": 0.5}, START_MS + step) for step in range(1, 6)]
    subject.store.log_steps(run_id, steps[:3])
    subject.store.log_steps(run_id, steps)
    subject.store.log_steps(run_id, steps)
    shown = subject.shown(run_id)
    assert shown.metrics["train_loss"] == [(step, 2.0 / step, START_MS + step) for step in range(1, 6)]
    assert shown.metrics["val_top1"] == [(step, 0.5, START_MS + step) for step in range(1, 6)]


def test_more_steps_than_one_request_takes_all_arrive(subject: Subject, sweep: SweepView, trial: TrialView) -> None:
    run_id = subject.store.ensure_trial_run(subject.store.ensure_sweep_run(sweep), trial)
    subject.store.log_steps(
        run_id, [StepView(step, {"a": float(step), "b": 0.0, "c": 1.0}, START_MS + step) for step in range(1, 702)]
    )
    shown = subject.shown(run_id)
    assert [len(shown.metrics[name]) for name in ("a", "b", "c")] == [701, 701, 701]


def test_logging_no_steps_is_fine(subject: Subject, sweep: SweepView, trial: TrialView) -> None:
    run_id = subject.store.ensure_trial_run(subject.store.ensure_sweep_run(sweep), trial)
    subject.store.log_steps(run_id, [])
    assert subject.shown(run_id).metrics == {}


def test_a_completed_trial_shows_scores_cost_and_time_once(
    subject: Subject, sweep: SweepView, trial: TrialView
) -> None:
    run_id = subject.store.ensure_trial_run(subject.store.ensure_sweep_run(sweep), trial)
    for _ in range(2):
        subject.store.end_trial(run_id, _ended(trial, Outcome.COMPLETED))
    shown = subject.shown(run_id)
    expected = {"val_top1": 0.9, "test_top1": 0.8, "device_seconds": 4.5, "image_passes": 1000.0, "attempts": 1.0}
    assert shown.metrics == {name: [(15, value, START_MS + 9000)] for name, value in expected.items()}
    assert (shown.status, shown.ended_at_ms) == ("FINISHED", START_MS + 9000)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_told_by_a_tag_beside_mlflows_status(
    subject: Subject, sweep: SweepView, trial: TrialView, outcome: Outcome
) -> None:
    run_id = subject.store.ensure_trial_run(subject.store.ensure_sweep_run(sweep), trial)
    subject.store.end_trial(run_id, _ended(trial, outcome, "a reason"))
    shown = subject.shown(run_id)
    assert (shown.status == "FINISHED") == (outcome is Outcome.COMPLETED)
    assert shown.tags["supsweep.outcome"] == outcome.value
    assert shown.tags["supsweep.reason"] == "a reason"


@pytest.mark.parametrize(
    ("state", "status"),
    [(SweepState.SUCCEEDED, "FINISHED"), (SweepState.FAILED, "FAILED"), (SweepState.CANCELLED, "KILLED")],
)
def test_an_ended_sweep_shows_its_state_and_reason(
    subject: Subject, sweep: SweepView, state: SweepState, status: str
) -> None:
    run = subject.store.ensure_sweep_run(sweep)
    ended = replace(sweep, state=state, reason="x" * 9000, ended_at_ms=START_MS + 60_000)
    for _ in range(2):
        subject.store.end_sweep(run, ended)
    shown = subject.shown(run.run_id)
    assert (shown.status, shown.ended_at_ms) == (status, START_MS + 60_000)
    assert shown.tags["supsweep.state"] == state.value
    assert shown.tags["supsweep.reason"] == "x" * 5000


def test_a_report_is_stored_and_replaced_by_a_later_one(subject: Subject, sweep: SweepView) -> None:
    run = subject.store.ensure_sweep_run(sweep)
    subject.store.log_report(run, {"report.md": "old", "report.html": "<p>τ</p>"})
    subject.store.log_report(run, {"report.md": "new"})
    files = subject.shown(run.run_id).files
    assert (files["report/report.md"], files["report/report.html"]) == ("new", "<p>τ</p>")


def test_a_run_that_is_not_there_is_refused(subject: Subject) -> None:
    with pytest.raises(TrackingRefused):
        subject.store.log_steps("0" * 32, [StepView(1, {"train_loss": 1.0}, START_MS)])


@pytest.mark.slow
def test_a_deleted_experiment_comes_back(mlflow_uri: str, sweep: SweepView) -> None:
    store = MlflowStore(mlflow_uri)
    run = store.ensure_sweep_run(sweep)
    url = f"{mlflow_uri}/api/2.0/mlflow/experiments/delete"
    httpx.post(url, json={"experiment_id": run.experiment_id}, timeout=30).raise_for_status()
    again = store.ensure_sweep_run(replace(sweep, id=uuid4().hex))
    assert again.experiment_id == run.experiment_id


@pytest.fixture
def silent_server() -> Iterator[str]:
    """URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _each_call(store: TrackingStore, sweep: SweepView, trial: TrialView) -> list[Callable[[], object]]:
    run = SweepRun("1", "0" * 32)
    return [
        lambda: store.ensure_sweep_run(sweep),
        lambda: store.ensure_trial_run(run, trial),
        lambda: store.log_steps(run.run_id, [StepView(1, {"train_loss": 1.0}, START_MS)]),
        lambda: store.end_trial(run.run_id, _ended(trial, Outcome.COMPLETED)),
        lambda: store.end_sweep(run, replace(sweep, state=SweepState.FAILED, ended_at_ms=START_MS)),
        lambda: store.log_report(run, {"report.md": "text"}),
    ]


def test_every_call_says_when_nobody_listens(silent_server: str, sweep: SweepView, trial: TrialView) -> None:
    closed = silent_server.rpartition(":")[0] + ":1"
    for call in _each_call(MlflowStore(closed), sweep, trial):
        with pytest.raises(TrackingUnavailable, match=r"127\.0\.0\.1:1"):
            call()


@pytest.mark.timeout(20)
def test_a_server_that_never_answers_is_given_up_after_the_timeout(
    silent_server: str, sweep: SweepView, trial: TrialView
) -> None:
    for call in _each_call(MlflowStore(silent_server, request_timeout_seconds=1), sweep, trial)[:2]:
        with pytest.raises(TrackingUnavailable, match="timed out"):
            call()


def test_the_fake_fails_when_it_is_told_to(sweep: SweepView, trial: TrialView) -> None:
    fake = FakeTrackingStore()
    fake.fails_with = TrackingUnavailable("away")
    for call in _each_call(fake, sweep, trial):
        with pytest.raises(TrackingUnavailable):
            call()

"""The contract of TrackingStore, for the fake and for a real MLflow server alike."""

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
from service.lifecycle import SweepState, TrialState
from service.search.designs import plan_trials
from service.tracking.mlflow_store import MlflowStore
from service.tracking.protocol import RunGone, SweepRun, TrackingRefused, TrackingStore, TrackingUnavailable
from service.tracking.view import Environment, Place, StepView, SweepView, TrialView

START_MS = 1_700_000_000_000
NO_RUN = "0" * 32


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
    return SweepView(
        id=unique,
        owner="ada",
        spec=spec,
        state=SweepState.RUNNING,
        reason=None,
        started_at_ms=START_MS,
        ended_at_ms=None,
        link=f"http://service/v1/sweeps/{unique}",
        environment=Environment("0.1.0", "abc", "3.11.7", {"optuna": "5.0.0"}),
    )


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
        state=TrialState.RUNNING,
        outcome=None,
        reason=None,
        scores={},
        facts={},
        attempts=1,
        device_seconds=0.0,
        image_passes=0,
        last_step=0,
        started_at_ms=START_MS + 500,
        ended_at_ms=None,
        place=Place("local", "r-1", "supsweep-r-1", "http://ray/#/jobs/supsweep-r-1"),
        link=f"{sweep.link}/trials/{plan.number}",
    )


@dataclass(frozen=True)
class Shelf:
    """A sweep's run in a store, for its trials."""

    store: TrackingStore
    parent: SweepRun

    def show(self, trial: TrialView, steps: list[StepView] | None = None, run_id: str | None = None) -> str:
        return self.store.show_trial(self.parent, run_id, trial, steps or [])


@pytest.fixture
def shelf(subject: Subject, sweep: SweepView) -> Shelf:
    """The sweep's run in each store in turn."""
    return Shelf(subject.store, subject.store.ensure_sweep_run(sweep))


def _ended(trial: TrialView, outcome: Outcome, reason: str | None = None) -> TrialView:
    scores = {"val_top1": 0.9, "test_top1": 0.8} if outcome is Outcome.COMPLETED else {}
    cost = {"device_seconds": 4.5, "image_passes": 1000, "last_step": 15, "ended_at_ms": START_MS + 9000}
    return replace(trial, state=TrialState.ENDED, outcome=outcome, reason=reason, scores=scores, **cost)


def _steps(*numbers: int) -> list[StepView]:
    return [StepView(step, {"train_loss": 2.0 / step, "val_top1": 0.5}, START_MS + step) for step in numbers]


def test_a_sweeps_run_carries_its_name_parameters_and_tags(subject: Subject, sweep: SweepView, shelf: Shelf) -> None:
    shown = subject.shown(shelf.parent.run_id)
    assert (shown.name, shown.status, shown.started_at_ms) == ("digits-demo", "RUNNING", START_MS)
    assert shown.experiment == sweep.spec.mlflow_experiment
    assert shown.parameters["sampler"] == "sobol"
    expected = {"supsweep.sweep_id": sweep.id, "supsweep.kind": "sweep", "label.team": "vision", "mlflow.user": "ada"}
    assert expected.items() <= shown.tags.items()
    assert shown.tags["mlflow.source.git.commit"] == "abc"
    assert sweep.link in shown.tags["mlflow.note.content"]


def test_a_trials_run_lies_below_its_sweeps(subject: Subject, shelf: Shelf, trial: TrialView) -> None:
    shown = subject.shown(shelf.show(trial))
    assert (shown.name, shown.parent_id) == ("supcon #2 point 1", shelf.parent.run_id)
    assert (shown.status, shown.started_at_ms, shown.ended_at_ms) == ("RUNNING", START_MS + 500, None)


def test_a_trials_run_tells_where_it_runs(subject: Subject, shelf: Shelf, trial: TrialView) -> None:
    tags = subject.shown(shelf.show(trial)).tags
    assert (tags["supsweep.cluster"], tags["supsweep.job"]) == ("local", "supsweep-r-1")
    assert trial.link in tags["mlflow.note.content"]
    assert "http://ray/#/jobs/supsweep-r-1" in tags["mlflow.note.content"]


def test_trials_compare_by_the_parameters_that_their_objective_uses(
    subject: Subject, shelf: Shelf, trial: TrialView
) -> None:
    shown = subject.shown(shelf.show(trial))
    assert shown.parameters["temperature"] == str(trial.config.temperature)
    assert (shown.parameters["arm"], shown.parameters["point"]) == ("supcon", "1")
    assert "label_smoothing" not in shown.parameters


def test_a_sweeps_run_is_found_however_often_it_is_ensured(
    subject: Subject, sweep: SweepView, shelf: Shelf, trial: TrialView
) -> None:
    child = shelf.show(trial)
    assert {subject.store.ensure_sweep_run(sweep) for _ in range(2)} == {shelf.parent}
    assert subject.run_ids(sweep.spec.mlflow_experiment) == {shelf.parent.run_id, child}


def test_sweeps_of_one_experiment_are_kept_apart(subject: Subject, sweep: SweepView, trial: TrialView) -> None:
    twin = replace(sweep, id=uuid4().hex)
    mine, others = (subject.store.ensure_sweep_run(one) for one in (sweep, twin))
    child = subject.store.show_trial(mine, None, trial, [])
    assert mine.experiment_id == others.experiment_id
    assert [run.run_id for run in subject.store.read_runs(sweep, None)] == [mine.run_id, child]
    assert [run.run_id for run in subject.store.read_runs(twin, None)] == [others.run_id]


def test_steps_that_are_logged_again_appear_once(subject: Subject, shelf: Shelf, trial: TrialView) -> None:
    run_id = shelf.show(trial, _steps(1, 2))
    for steps in (_steps(1, 2, 3), _steps(3, 4, 5)):
        subject.store.log_steps(run_id, steps)
    shelf.show(trial, _steps(4, 5), run_id)
    shown = subject.shown(run_id)
    assert shown.metrics["train_loss"] == [(step, 2.0 / step, START_MS + step) for step in range(1, 6)]
    assert shown.metrics["val_top1"] == [(step, 0.5, START_MS + step) for step in range(1, 6)]


def test_more_steps_than_one_request_takes_all_arrive(subject: Subject, shelf: Shelf, trial: TrialView) -> None:
    steps = [StepView(step, {"a": float(step), "b": 0.0, "c": 1.0}, START_MS + step) for step in range(1, 702)]
    run_id = shelf.show(trial, steps)
    counted = subject.store.count_points([run_id], {"a", "b", "c", "d"})
    assert counted == {run_id: {"a": 701, "b": 701, "c": 701}}


def test_metrics_of_the_system_keep_their_names(subject: Subject, shelf: Shelf, trial: TrialView) -> None:
    steps = [StepView(1, {"system/gpu_0_utilization_percentage": 93.0}, START_MS)]
    assert "system/gpu_0_utilization_percentage" in subject.shown(shelf.show(trial, steps)).metrics


def test_a_completed_trial_shows_scores_cost_and_time_once(subject: Subject, shelf: Shelf, trial: TrialView) -> None:
    run_id = shelf.show(_ended(trial, Outcome.COMPLETED))
    shelf.show(_ended(trial, Outcome.COMPLETED), run_id=run_id)
    shown = subject.shown(run_id)
    expected = {"val_top1": 0.9, "test_top1": 0.8, "device_seconds": 4.5, "image_passes": 1000.0, "attempts": 1.0}
    assert shown.metrics == {name: [(15, value, START_MS + 9001)] for name, value in expected.items()}
    assert (shown.status, shown.ended_at_ms) == ("FINISHED", START_MS + 9000)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_told_by_a_tag_beside_mlflows_status(
    subject: Subject, shelf: Shelf, trial: TrialView, outcome: Outcome
) -> None:
    shown = subject.shown(shelf.show(_ended(trial, outcome, "a reason")))
    assert (shown.status == "FINISHED") == (outcome is Outcome.COMPLETED)
    assert shown.tags["supsweep.outcome"] == outcome.value
    assert shown.tags["supsweep.reason"] == "a reason"


def test_a_trial_that_is_tried_again_loses_its_outcome_and_gets_another(
    subject: Subject, sweep: SweepView, shelf: Shelf, trial: TrialView
) -> None:
    run_id = shelf.show(_ended(trial, Outcome.FAILED, "a bug"))
    shelf.show(replace(trial, state=TrialState.PLANNED), run_id=run_id)
    shown = subject.shown(run_id)
    assert (shown.status, shown.tags["supsweep.outcome"], shown.tags["supsweep.reason"]) == ("SCHEDULED", "", "")
    later = replace(_ended(trial, Outcome.COMPLETED), device_seconds=9.0, ended_at_ms=START_MS + 20_000)
    assert shelf.show(later, run_id=run_id) == run_id
    (seen,) = [run for run in subject.store.read_runs(sweep, shelf.parent) if run.number == 2]
    assert (seen.status, seen.outcome, seen.metrics["device_seconds"]) == ("FINISHED", "completed", 9.0)


@pytest.mark.parametrize(
    ("state", "status"),
    [(SweepState.SUCCEEDED, "FINISHED"), (SweepState.FAILED, "FAILED"), (SweepState.CANCELLED, "KILLED")],
)
def test_an_ended_sweep_shows_its_state_and_reason(
    subject: Subject, sweep: SweepView, shelf: Shelf, state: SweepState, status: str
) -> None:
    ended = replace(sweep, state=state, reason="x" * 9000, ended_at_ms=START_MS + 60_000)
    for _ in range(2):
        subject.store.show_sweep(shelf.parent, ended)
    shown = subject.shown(shelf.parent.run_id)
    assert (shown.status, shown.ended_at_ms) == (status, START_MS + 60_000)
    assert shown.tags["supsweep.state"] == state.value
    assert shown.tags["supsweep.reason"] == "x" * 5000


def test_a_sweep_that_was_opened_again_is_not_over(subject: Subject, sweep: SweepView, shelf: Shelf) -> None:
    ended_at_ms = START_MS + 60_000
    subject.store.show_sweep(shelf.parent, replace(sweep, state=SweepState.FAILED, ended_at_ms=ended_at_ms))
    grown = vary(sweep.spec, design={"configurations": 40})
    for state, status in [(SweepState.QUEUED, "SCHEDULED"), (SweepState.RUNNING, "RUNNING")]:
        view = replace(sweep, state=state, spec=grown, ended_at_ms=ended_at_ms)
        subject.store.show_sweep(shelf.parent, view)
        shown = subject.shown(shelf.parent.run_id)
        assert (shown.status, shown.tags["supsweep.state"]) == (status, state.value)
        assert shown.tags["supsweep.configurations"] == "40"
        assert subject.store.ensure_sweep_run(view) == shelf.parent


def test_files_are_stored_and_replaced_by_later_ones(subject: Subject, shelf: Shelf) -> None:
    subject.store.log_files(shelf.parent, {"spec.json": "{}", "report/report.md": "old", "report/a/b.html": "<p>τ</p>"})
    subject.store.log_files(shelf.parent, {"report/report.md": "new"})
    files = subject.shown(shelf.parent.run_id).files
    assert files == {"spec.json": "{}", "report/report.md": "new", "report/a/b.html": "<p>τ</p>"}


def test_what_is_shown_can_be_read_back(subject: Subject, sweep: SweepView, shelf: Shelf, trial: TrialView) -> None:
    first = shelf.show(_ended(trial, Outcome.COMPLETED), _steps(1, 2))
    second = shelf.show(replace(trial, number=7, started_at_ms=START_MS + 900), _steps(1))
    parent, done, running = subject.store.read_runs(sweep, shelf.parent)
    assert (parent.run_id, parent.number, parent.parent_id, parent.status) == (
        shelf.parent.run_id,
        None,
        None,
        "RUNNING",
    )
    assert (done.run_id, done.number, done.parent_id) == (first, 2, parent.run_id)
    assert (done.status, done.outcome, done.parameters["arm"]) == ("FINISHED", "completed", "supcon")
    assert (done.metrics["val_top1"], done.metrics["train_loss"]) == (0.9, 1.0)
    assert (running.run_id, running.number, running.status, running.outcome) == (second, 7, "RUNNING", "")


def test_points_are_counted_per_run_and_metric(subject: Subject, shelf: Shelf, trial: TrialView) -> None:
    runs = [shelf.show(replace(trial, number=number), _steps(*range(1, number + 1))) for number in (1, 2, 3)]
    assert subject.store.count_points(runs, {"train_loss", "nothing"}) == {
        run_id: {"train_loss": count} for run_id, count in zip(runs, (1, 2, 3), strict=True)
    }
    assert subject.store.count_points([], {"train_loss"}) == {}


def test_runs_that_were_deleted_are_neither_read_nor_shown(
    subject: Subject, sweep: SweepView, shelf: Shelf, trial: TrialView
) -> None:
    run_id = shelf.show(trial)
    for _ in range(2):
        subject.store.delete_runs([run_id, NO_RUN])
    assert [run.run_id for run in subject.store.read_runs(sweep, shelf.parent)] == [shelf.parent.run_id]
    for call in (
        lambda: shelf.show(trial, run_id=run_id),
        lambda: subject.store.log_steps(run_id, _steps(1)),
        lambda: shelf.show(_ended(trial, Outcome.PRUNED), run_id=run_id),
    ):
        with pytest.raises(RunGone):
            call()


def test_a_run_that_is_not_there_is_told_as_gone(subject: Subject, sweep: SweepView, trial: TrialView) -> None:
    lost = SweepRun("987654", NO_RUN)
    for call in (
        lambda: subject.store.show_sweep(lost, sweep),
        lambda: subject.store.log_steps(NO_RUN, _steps(1)),
        lambda: subject.store.show_trial(lost, NO_RUN, trial, []),
        lambda: subject.store.log_files(lost, {"spec.json": "{}"}),
    ):
        with pytest.raises(RunGone):
            call()
    assert subject.store.read_runs(sweep, lost) == []


@pytest.mark.slow
def test_a_deleted_experiment_comes_back_without_the_sweeps_old_runs(
    mlflow_uri: str, sweep: SweepView, trial: TrialView
) -> None:
    store = MlflowStore(mlflow_uri)
    run = store.ensure_sweep_run(sweep)
    store.delete_runs([store.show_trial(run, None, trial, [])])
    url = f"{mlflow_uri}/api/2.0/mlflow/experiments/delete"
    httpx.post(url, json={"experiment_id": run.experiment_id}, timeout=30).raise_for_status()
    with pytest.raises(RunGone):
        store.show_trial(run, None, trial, [])
    assert store.read_runs(sweep, run) == []
    again = store.ensure_sweep_run(sweep)
    assert again.experiment_id == run.experiment_id
    assert [one.run_id for one in store.read_runs(sweep, run)] == [again.run_id] != [run.run_id]


@pytest.mark.slow
def test_a_parameter_that_changed_is_refused(mlflow_uri: str, sweep: SweepView, trial: TrialView) -> None:
    store = MlflowStore(mlflow_uri)
    parent = store.ensure_sweep_run(sweep)
    run_id = store.show_trial(parent, None, trial, [])
    with pytest.raises(TrackingRefused, match="Changing param values is not allowed"):
        store.show_trial(parent, run_id, replace(trial, point=99), [])


@pytest.mark.slow
def test_curves_that_do_not_fit_into_one_answer_are_counted_all_the_same(
    mlflow_uri: str, sweep: SweepView, trial: TrialView, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MlflowStore(mlflow_uri)
    parent = store.ensure_sweep_run(sweep)
    runs = [store.show_trial(parent, None, replace(trial, number=n), _steps(*range(1, 5))) for n in range(5)]
    monkeypatch.setattr("service.tracking.mlflow_calls.MOST_POINTS", 10)
    assert store.count_points(runs, {"val_top1"}) == {run_id: {"val_top1": 4} for run_id in runs}


@pytest.fixture
def silent_server() -> Iterator[str]:
    """URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _each_call(store: TrackingStore, sweep: SweepView, trial: TrialView) -> list[Callable[[], object]]:
    run = SweepRun("1", NO_RUN)
    return [
        lambda: store.ensure_sweep_run(sweep),
        lambda: store.show_sweep(run, sweep),
        lambda: store.show_trial(run, None, trial, []),
        lambda: store.log_steps(run.run_id, _steps(1)),
        lambda: store.log_files(run, {"spec.json": "text"}),
        lambda: store.read_runs(sweep, None),
        lambda: store.count_points([run.run_id], {"train_loss"}),
        lambda: store.delete_runs([run.run_id]),
    ]


def test_every_call_says_when_nobody_listens(silent_server: str, sweep: SweepView, trial: TrialView) -> None:
    closed = silent_server.rpartition(":")[0] + ":1"
    for call in _each_call(MlflowStore(closed), sweep, trial):
        with pytest.raises(TrackingUnavailable, match=r"127\.0\.0\.1:1"):
            call()


def test_no_password_of_the_servers_url_is_told(sweep: SweepView, trial: TrialView) -> None:
    for call in _each_call(MlflowStore("http://ada:secret@127.0.0.1:1"), sweep, trial):
        with pytest.raises(TrackingUnavailable) as unavailable:
            call()
        assert "secret" not in str(unavailable.value)


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

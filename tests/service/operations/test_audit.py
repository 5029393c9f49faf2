"""An audit finds what was planted, and nothing else; a repair sets right what can be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from fakes.ledger import World, completed, lost, step
from fakes.statements import sent_statements
from fakes.tracking import FakeTrackingStore, project_all, server_of
from sqlalchemy import delete, update

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import TrialEnding
from service.clusters.protocol import ClusterUnreachable, JobState, JobSubmission
from service.db import events, trials
from service.db.events import EventRow
from service.db.runners import RunnerRow
from service.db.trials import AttemptRow, TrialRow
from service.ledger.orphans import GRACE_SECONDS
from service.ledger.outcomes import plan_again
from service.lifecycle import RunnerState, TrialState
from service.operations.audit import audit_sweep, repair_sweep
from service.operations.testimony import Auditor
from service.schemas.audit import AuditView
from service.tracking import presentation
from service.tracking.protocol import TrackingUnavailable


@dataclass
class Scene:
    """A sweep that has been through everything, and all agree on it.

    Trial 0 was lost once and completed; trial 1 failed, was tried again and completed; trial 2 runs; trial 3 waits.
    """

    world: World
    store: FakeTrackingStore
    sweep_id: str = ""
    runner_id: str = ""
    job: str = ""

    @property
    def auditor(self) -> Auditor:
        world = self.world
        return Auditor(world.database, world.settings, world.clusters, server_of(self.store), world.clock)

    async def audit(self) -> AuditView:
        return await audit_sweep(self.auditor, self.sweep_id)

    async def kinds(self) -> set[str]:
        return {one.kind for one in (await self.audit()).disagreements}

    async def submit_job(self, job: str, sweep_id: str | None = None) -> None:
        metadata = {"supsweep_sweep": sweep_id or self.sweep_id}
        await self.world.cluster.submit(JobSubmission(job, "python", {}, metadata))
        self.world.cluster.becomes(job, JobState.RUNNING)

    async def execute(self, statement: object) -> None:
        async with self.world.database.write() as session:
            await session.execute(statement)  # type: ignore[call-overload]

    async def set_trial(self, trial_number: int, /, **values: object) -> None:
        own = update(TrialRow).where(TrialRow.sweep_id == self.sweep_id, TrialRow.number == trial_number)
        await self.execute(own.values(**values))

    async def set_runner(self, **values: object) -> None:
        await self.execute(update(RunnerRow).where(RunnerRow.id == self.runner_id).values(**values))

    async def open_attempt_of(self, number: int) -> AttemptRow:
        async with self.world.database.read() as session:
            (trial,) = await trials.numbered(session, self.sweep_id, [number])
            return (await trials.attempts_of(session, trial.id))[-1]


@pytest.fixture
async def scene(world: World) -> Scene:
    """The sweep on each kind of database in turn."""
    scene = Scene(world, FakeTrackingStore(), await world.create())
    runner = await world.open_runner(scene.sweep_id)
    scene.runner_id, scene.job = runner.opened.runner_id, runner.opened.submission_id
    await scene.submit_job(scene.job)
    await runner.take("t0")
    await runner.report(results=[step("t0", 1)], lost=[lost("t0")])
    await runner.take("t0b")
    await runner.report(results=[step("t0b", 2)], outcomes=[completed("t0b", seconds=2.0)])
    await runner.take("t1")
    failed = TrialEnding(tune_trial_id="t1", outcome=Outcome.FAILED, reason="a bug", attempt_device_seconds=1.0)
    await runner.report(results=[step("t1", 1)], outcomes=[failed])
    async with world.database.write() as session:
        (trial,) = await trials.numbered(session, scene.sweep_id, [1])
        await events.append_many(session, scene.sweep_id, [plan_again(trial)], world.clock())
    await runner.take("t1b")
    world.clock.turn(3)
    await runner.report(results=[step("t1b", 2)], outcomes=[completed("t1b", score=0.8)])
    await runner.take("t2")
    await runner.report(results=[step("t2", 1)])
    await project_all(world, scene.store)
    return scene


async def test_nothing_is_found_where_all_agree(scene: Scene) -> None:
    found = await scene.audit()
    assert (found.disagreements, found.not_compared) == ([], [])
    assert (await repair_sweep(scene.auditor, scene.sweep_id)).done == []


async def test_nothing_is_found_in_a_sweep_that_was_cancelled(scene: Scene) -> None:
    await scene.world.cancel(scene.sweep_id)
    scene.world.cluster.becomes(scene.job, JobState.STOPPED)
    await project_all(scene.world, scene.store)
    found = await scene.audit()
    assert (found.disagreements, found.not_compared) == ([], [])


Plant = Callable[[Scene], Awaitable[None]]


async def _outcome_without_end(scene: Scene) -> None:
    await scene.set_trial(2, outcome=Outcome.PRUNED)


async def _end_without_outcome(scene: Scene) -> None:
    await scene.set_trial(0, outcome=None)


async def _outcome_changed(scene: Scene) -> None:
    await scene.set_trial(0, outcome=Outcome.PRUNED)


async def _trial_gone(scene: Scene) -> None:
    own = TrialRow.sweep_id == scene.sweep_id
    await scene.execute(delete(TrialRow).where(own, TrialRow.number == 3))


async def _trial_too_many(scene: Scene) -> None:
    async with scene.world.database.write() as session:
        (row,) = await trials.numbered(session, scene.sweep_id, [3])
        session.add(
            TrialRow(
                sweep_id=row.sweep_id,
                number=4,
                arm=row.arm,
                point=77,
                replicate=0,
                config_document=row.config_document,
                state=TrialState.PLANNED,
            )
        )


async def _number_skipped(scene: Scene) -> None:
    await scene.set_trial(3, number=7)


async def _event_gone(scene: Scene) -> None:
    own = EventRow.sweep_id == scene.sweep_id
    await scene.execute(delete(EventRow).where(own, EventRow.kind == "trial.lost"))


async def _ending_untold(scene: Scene) -> None:
    own = EventRow.sweep_id == scene.sweep_id
    await scene.execute(update(EventRow).where(own, EventRow.kind == "trial.ended").values(kind="trial.noted"))


async def _attempt_uncounted(scene: Scene) -> None:
    await scene.set_trial(0, attempts=5)


UNREPAIRABLE: list[tuple[Plant, str]] = [
    (_outcome_without_end, "state_contradicts_outcome"),
    (_end_without_outcome, "state_contradicts_outcome"),
    (_outcome_changed, "outcome_told_otherwise"),
    (_trial_gone, "trial_missing"),
    (_trial_too_many, "trial_unplanned"),
    (_number_skipped, "numbers_not_in_a_row"),
    (_event_gone, "events_incomplete"),
    (_ending_untold, "outcome_told_otherwise"),
    (_attempt_uncounted, "attempts_incomplete"),
]


ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What is planted is compared in memory; the tests below read on both databases."""


@ON_SQLITE
@pytest.mark.parametrize(("plant", "kind"), UNREPAIRABLE)
async def test_what_no_repair_can_know_is_told_to_people(scene: Scene, plant: Plant, kind: str) -> None:
    await plant(scene)
    told = [one for one in (await scene.audit()).disagreements if one.kind == kind]
    assert told
    assert not any(one.is_repairable for one in told)
    left = (await repair_sweep(scene.auditor, scene.sweep_id)).left
    assert kind in {one.kind for one in left}


async def _attempt_left_open(scene: Scene) -> None:
    attempt = await scene.open_attempt_of(0)
    await scene.execute(update(AttemptRow).where(AttemptRow.id == attempt.id).values(ended_at=None, ending=None))


async def _runner_fenced_behind_our_back(scene: Scene) -> None:
    await scene.set_runner(state=RunnerState.FENCED, ended_at=scene.world.clock())


async def _attempt_ended_behind_our_back(scene: Scene) -> None:
    attempt = await scene.open_attempt_of(2)
    ended = update(AttemptRow).where(AttemptRow.id == attempt.id).values(ended_at=scene.world.clock(), ending="lost")
    await scene.execute(ended)


async def _seconds_lost(scene: Scene) -> None:
    await scene.set_trial(0, device_seconds=0.5)


async def _job_lives_on(scene: Scene) -> None:
    await scene.world.cancel(scene.sweep_id)
    await project_all(scene.world, scene.store)
    scene.world.clock.turn(GRACE_SECONDS + 1)


async def _orphan(scene: Scene) -> None:
    await scene.submit_job(f"supsweep-{scene.sweep_id}-99")


async def _job_ended(scene: Scene) -> None:
    scene.world.cluster.becomes(scene.job, JobState.FAILED)
    scene.world.clock.turn(GRACE_SECONDS + 1)


async def _job_unknown(scene: Scene) -> None:
    del scene.world.cluster.jobs[scene.job], scene.world.cluster.states[scene.job]
    scene.world.clock.turn(GRACE_SECONDS + 1)


async def _parent_deleted(scene: Scene) -> None:
    run = scene.store.sweep_run(scene.sweep_id)
    scene.store.runs = {run_id: one for run_id, one in scene.store.runs.items() if one is not run}


async def _parent_doubled(scene: Scene) -> None:
    scene.store.runs["twin"] = replace(scene.store.sweep_run(scene.sweep_id))


async def _child_deleted(scene: Scene) -> None:
    run = scene.store.trial_runs(scene.sweep_id)[0]
    scene.store.runs = {run_id: one for run_id, one in scene.store.runs.items() if one is not run}


async def _child_doubled(scene: Scene) -> None:
    scene.store.runs["twin"] = replace(scene.store.trial_runs(scene.sweep_id)[0])


async def _child_of_an_unknown_trial(scene: Scene) -> None:
    run = scene.store.trial_runs(scene.sweep_id)[0]
    scene.store.runs["ghost"] = replace(run, tags={**run.tags, presentation.TRIAL_TAG: "44"})


async def _child_of_a_trial_that_waits(scene: Scene) -> None:
    run = scene.store.trial_runs(scene.sweep_id)[0]
    scene.store.runs["early"] = replace(run, tags={**run.tags, presentation.TRIAL_TAG: "3"})


async def _child_below_another_parent(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[0].parent_id = "elsewhere"


async def _parent_status(scene: Scene) -> None:
    scene.store.sweep_run(scene.sweep_id).status = "FAILED"


async def _child_status(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[2].status = "FINISHED"


async def _child_outcome(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[0].tags[presentation.OUTCOME_TAG] = "pruned"


async def _child_parameter(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[0].parameters["batch_size"] = "7"


async def _child_parameter_added(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[0].parameters["secret_sauce"] = "yes"


async def _child_score(scene: Scene) -> None:
    metrics = scene.store.trial_runs(scene.sweep_id)[0].metrics["val_top1"]
    at, value, timestamp = metrics[-1]
    metrics[-1] = (at, value + 0.01, timestamp)


async def _child_cost_gone(scene: Scene) -> None:
    del scene.store.trial_runs(scene.sweep_id)[0].metrics["device_seconds"]


async def _point_lost(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[0].metrics["train_loss"].pop()


async def _point_doubled(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[2].add_metric("train_loss", 1, 9.0, 5)


async def _curve_gone(scene: Scene) -> None:
    del scene.store.trial_runs(scene.sweep_id)[2].metrics["train_loss"]


async def _curve_added(scene: Scene) -> None:
    scene.store.trial_runs(scene.sweep_id)[2].add_metric("invented", 1, 9.0, 5)


REPAIRABLE: list[tuple[Plant, str]] = [
    (_attempt_left_open, "attempt_open"),
    (_runner_fenced_behind_our_back, "attempt_open"),
    (_attempt_ended_behind_our_back, "trial_forsaken"),
    (_seconds_lost, "device_seconds_differ"),
    (_job_lives_on, "job_unwanted"),
    (_orphan, "job_unwanted"),
    (_job_ended, "runner_without_job"),
    (_job_unknown, "runner_without_job"),
    (_parent_deleted, "sweep_not_shown"),
    (_parent_doubled, "run_extra"),
    (_child_deleted, "trial_not_shown"),
    (_child_doubled, "run_extra"),
    (_child_of_an_unknown_trial, "run_extra"),
    (_child_of_a_trial_that_waits, "run_extra"),
    (_child_below_another_parent, "parent_differs"),
    (_parent_status, "status_differs"),
    (_child_status, "status_differs"),
    (_child_outcome, "outcome_differs"),
    (_child_parameter, "parameters_differ"),
    (_child_parameter_added, "parameters_differ"),
    (_child_score, "metrics_differ"),
    (_child_cost_gone, "metrics_differ"),
    (_point_lost, "points_differ"),
    (_point_doubled, "points_differ"),
    (_curve_gone, "points_differ"),
    (_curve_added, "points_differ"),
]


@ON_SQLITE
@pytest.mark.parametrize(("plant", "kind"), REPAIRABLE)
async def test_what_can_be_repaired_is_found_and_then_gone(scene: Scene, plant: Plant, kind: str) -> None:
    await plant(scene)
    told = [one for one in (await scene.audit()).disagreements if one.kind == kind]
    assert told
    assert all(one.is_repairable and one.subject and one.detail for one in told)
    assert (await repair_sweep(scene.auditor, scene.sweep_id)).done
    await project_all(scene.world, scene.store)
    scene.world.clock.turn(GRACE_SECONDS + 1)
    found = await scene.audit()
    assert kind not in {one.kind for one in found.disagreements}
    assert found.not_compared == []


TOGETHER = (_seconds_lost, _orphan, _parent_status, _point_lost, _attempt_ended_behind_our_back, _child_doubled)
"""What can be wrong at once without one hiding another."""


@ON_SQLITE
async def test_much_that_is_wrong_is_found_and_repaired_together(scene: Scene) -> None:
    for plant in TOGETHER:
        await plant(scene)
    assert await scene.kinds() >= {kind for plant, kind in REPAIRABLE if plant in TOGETHER}
    await repair_sweep(scene.auditor, scene.sweep_id)
    await project_all(scene.world, scene.store)
    found = await scene.audit()
    assert (found.disagreements, found.not_compared) == ([], [])


async def test_a_repair_loses_no_device_second(scene: Scene) -> None:
    await _runner_fenced_behind_our_back(scene)
    await repair_sweep(scene.auditor, scene.sweep_id)
    (trial,) = [row for row in await scene.world.trials(scene.sweep_id) if row.number == 2]
    assert (trial.state, trial.losses) == (TrialState.PLANNED, 1)
    assert trial.device_seconds == (await scene.open_attempt_of(2)).device_seconds > 0


async def test_what_is_on_its_way_is_no_disagreement(scene: Scene) -> None:
    world = scene.world
    other = await world.open_runner(scene.sweep_id)
    await other.take("t3")
    await other.report(results=[step("t3", 1)])
    found = await scene.audit()
    assert found.disagreements == []
    assert [one.reason for one in found.not_compared] == ["news of 1 trials is on its way"]
    await world.pause(scene.sweep_id)
    found = await scene.audit()
    assert found.disagreements == []
    assert "the sweep itself" in found.not_compared[0].reason


async def test_a_runner_that_just_came_or_went_is_no_disagreement(scene: Scene) -> None:
    await scene.world.open_runner(scene.sweep_id)
    scene.world.cluster.becomes(scene.job, JobState.SUCCEEDED)
    assert await scene.kinds() == set()
    scene.world.cluster.becomes(scene.job, JobState.RUNNING)
    await scene.world.cancel(scene.sweep_id)
    await project_all(scene.world, scene.store)
    assert await scene.kinds() == set()


async def test_a_job_whose_runner_ended_ahead_of_our_clock_gets_no_grace(scene: Scene) -> None:
    await scene.world.cancel(scene.sweep_id)
    assert "job_unwanted" not in await scene.kinds()
    scene.world.clock.turn(-3600)
    assert "job_unwanted" in await scene.kinds()


async def test_jobs_of_others_are_left_alone(scene: Scene) -> None:
    await scene.submit_job("theirs", sweep_id="another")
    scene.world.clock.turn(GRACE_SECONDS + 1)
    assert (await repair_sweep(scene.auditor, scene.sweep_id)).left == []
    assert scene.world.cluster.states["theirs"] is JobState.RUNNING


async def test_a_persons_own_worker_needs_no_job(scene: Scene) -> None:
    await scene.set_runner(is_external=True)
    del scene.world.cluster.jobs[scene.job], scene.world.cluster.states[scene.job]
    scene.world.clock.turn(GRACE_SECONDS + 1)
    assert await scene.kinds() == set()


async def test_whoever_does_not_answer_is_told_apart(scene: Scene) -> None:
    scene.world.cluster.fails_with = ClusterUnreachable("the cluster is away")
    scene.store.fails_with = TrackingUnavailable("MLflow is away")
    await _seconds_lost(scene)
    found = await scene.audit()
    assert {one.kind for one in found.disagreements} == {"device_seconds_differ"}
    assert {(one.part, one.reason) for one in found.not_compared} == {
        ("ray", "the cluster is away"),
        ("mlflow", "MLflow is away"),
    }
    repaired = await repair_sweep(scene.auditor, scene.sweep_id)
    assert (len(repaired.done), repaired.left, len(repaired.not_compared)) == (1, [], 2)


async def test_a_view_that_is_made_anew_is_not_compared(scene: Scene) -> None:
    await _parent_status(scene)
    repaired = await repair_sweep(scene.auditor, scene.sweep_id)
    assert repaired.left == []
    assert [one.reason for one in repaired.not_compared] == ["it is being made anew"]


async def test_without_mlflow_the_rest_is_compared(scene: Scene) -> None:
    auditor = replace(scene.auditor, tracking=None)
    found = await audit_sweep(auditor, scene.sweep_id)
    assert [one.reason for one in found.not_compared] == ["no MLflow server is configured"]


async def test_a_repair_reads_what_was_measured_for_its_last_audit_alone(scene: Scene) -> None:
    """It holds the sweep, and on SQLite every writer, while it repairs."""
    await _seconds_lost(scene)
    with sent_statements(scene.world.database) as sent:
        repaired = await repair_sweep(scene.auditor, scene.sweep_id)
    assert (len(repaired.done), repaired.left) == (1, [])
    assert sum("results" in statement for statement in sent) == 1


async def test_an_audit_changes_nothing(scene: Scene) -> None:
    before = (await scene.world.sweep(scene.sweep_id)).event_count
    for plant, _kind in REPAIRABLE[:4]:
        await plant(scene)
    calls = dict(scene.world.cluster.states)
    await scene.audit()
    assert (await scene.world.sweep(scene.sweep_id)).event_count == before
    assert scene.world.cluster.states == calls

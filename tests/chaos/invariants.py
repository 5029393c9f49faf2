"""What must hold after any fault, one function each. Every one returns how many things it has found in order."""

from collections import Counter
from collections.abc import Callable, Mapping

from chaos.evidence import Evidence
from fakes.tracking import ShownRun

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import count_trials
from service.db.runners import ACTIVE
from service.db.trials import TrialRow
from service.ledger.outcomes import LOST
from service.lifecycle import FINISHED_STATES, SweepState, TrialState
from service.tracking import presentation

TOLERANCE_SECONDS = 1e-6


def every_planned_trial_has_one_outcome(evidence: Evidence) -> int:
    """Exactly one outcome per planned (arm, point, replicate)."""
    spec = evidence.sweep.spec
    assert evidence.sweep.state in FINISHED_STATES, f"the sweep is {evidence.sweep.state}"
    places = [(trial.arm, trial.point, trial.replicate) for trial in evidence.trials]
    assert len(places) == len(set(places)), f"planned twice: {Counter(places).most_common(1)}"
    if spec.design.kind == "paired":
        design = spec.design
        points, replicates = range(design.configurations), range(design.replicates)
        planned = {(arm.name, point, replicate) for arm in spec.arms for point in points for replicate in replicates}
        assert set(places) == planned, f"not as planned: {set(places) ^ planned}"
    if evidence.sweep.cut_reason is None:
        assert len(places) == count_trials(spec), f"{len(places)} trials of {count_trials(spec)}"
    for trial in evidence.trials:
        assert trial.state is TrialState.ENDED, f"trial {trial.number} is {trial.state}"
        assert trial.outcome is not None, f"trial {trial.number} has no outcome"
    return len(evidence.trials)


def device_seconds_are_conserved(evidence: Evidence) -> int:
    """A trial's device-seconds are those of its attempts; each is closed and charged once, at least what it told."""
    for trial in evidence.trials:
        attempts = evidence.attempts[trial.id]
        assert [attempt.number for attempt in attempts] == list(range(1, trial.attempts + 1)), f"{trial.number}"
        open_ones = [attempt.number for attempt in attempts if attempt.ended_at is None or attempt.ending is None]
        assert not open_ones, f"trial {trial.number} has open attempts {open_ones}"
        spent = sum(attempt.device_seconds for attempt in attempts)
        assert abs(trial.device_seconds - spent) < TOLERANCE_SECONDS, f"{trial.number}: {trial.device_seconds} {spent}"
        told = max((row.device_seconds for row in evidence.results.get(trial.id, [])), default=0.0)
        assert trial.device_seconds >= told - TOLERANCE_SECONDS, f"{trial.number}: {trial.device_seconds} < {told}"
        _check_endings(trial, [attempt.ending or "" for attempt in attempts])
    return sum(len(attempts) for attempts in evidence.attempts.values())


def nothing_is_left_running(evidence: Evidence) -> int:
    """No job, no driver, no trial of an ended sweep runs anywhere, and the ledger knows it."""
    assert not evidence.running, f"still running: {evidence.running}"
    believed = [runner.id for runner in evidence.runners if runner.state in ACTIVE]
    assert not believed, f"still believed: {believed}"
    unsettled = [runner.id for runner in evidence.runners if not runner.job_is_over and not runner.is_external]
    assert not unsettled, f"not known to be over: {unsettled}"
    return len(evidence.runners)


def mlflow_equals_the_ledger(evidence: Evidence) -> int:
    """One run for the sweep and one per trial, with its outcome and every point of its curves, each once."""
    sweep = evidence.sweep
    assert evidence.projection.sequence == sweep.event_count, f"{sweep.event_count - evidence.projection.sequence}"
    numbers = Counter(run.tags.get(presentation.TRIAL_TAG) for run in evidence.shown)
    assert numbers == Counter([None, *(str(trial.number) for trial in evidence.trials)]), f"not one run each: {numbers}"
    runs = {run.tags.get(presentation.TRIAL_TAG): run for run in evidence.shown}
    assert runs[None].status == presentation.SWEEP_STATUSES[sweep.state], runs[None].status
    for trial in evidence.trials:
        _check_run(evidence, trial, runs[str(trial.number)])
    return len(evidence.shown)


def events_have_no_gap(evidence: Evidence) -> int:
    """Events are numbered 1 … n; every trial starts, is lost or ends in turn, and ends once; no step comes twice."""
    assert [event.sequence for event in evidence.events] == list(range(1, evidence.sweep.event_count + 1))
    ended = Counter(event.data["number"] for event in evidence.events if event.kind == "trial.ended")
    reopened = Counter(event.data["number"] for event in evidence.events if event.kind == "trial.retried")
    assert ended == Counter(trial.number for trial in evidence.trials) + reopened, f"ended {ended}"
    steps = Counter(
        (event.data["number"], event.data["step"]) for event in evidence.events if event.kind == "trial.step"
    )
    assert not steps or max(steps.values()) == 1, f"twice: {steps.most_common(1)}"
    for trial in evidence.trials:
        _check_story(evidence, trial)
    return len(evidence.events)


def audit_agrees(evidence: Evidence) -> int:
    """The service's own audit compares everything and finds nothing."""
    found = [f"{one.kind} of {one.subject}: {one.detail}" for one in evidence.audit.disagreements]
    assert not found, f"{found}"
    unexpected = [one for one in evidence.audit.not_compared if not any(name in one.subject for name in evidence.away)]
    assert not unexpected, f"not compared: {unexpected}"
    return 1


INVARIANTS: Mapping[str, Callable[[Evidence], int]] = {
    "one outcome per trial": every_planned_trial_has_one_outcome,
    "device-seconds conserved": device_seconds_are_conserved,
    "nothing left running": nothing_is_left_running,
    "MLflow equals the ledger": mlflow_equals_the_ledger,
    "events without a gap": events_have_no_gap,
    "audit agrees": audit_agrees,
}
"""By the name that people read."""


def _check_endings(trial: TrialRow, endings: list[str]) -> None:
    """Every attempt but the last was lost; the last one has the outcome, unless there was none to have it."""
    assert set(endings[:-1]) <= {LOST, "drained", Outcome.FAILED}, f"trial {trial.number}: {endings}"
    if trial.outcome not in (Outcome.CANCELLED, Outcome.FAILED):
        assert endings, f"trial {trial.number} is {trial.outcome} without an attempt"
        assert endings[-1] == trial.outcome, f"trial {trial.number} is {trial.outcome}, its attempts {endings}"


def _check_run(evidence: Evidence, trial: TrialRow, run: ShownRun) -> None:
    assert trial.outcome is not None
    assert run.tags[presentation.OUTCOME_TAG] == trial.outcome.value, f"{trial.number}: {run.tags}"
    assert run.status == presentation.OUTCOME_STATUSES[trial.outcome], f"{trial.number}: {run.status}"
    last_step = max((row.step for row in evidence.results.get(trial.id, [])), default=0)
    final = {name: (last_step, value) for name, value in trial.scores.items()}
    told: dict[str, list[tuple[int, float]]] = {}
    for row in evidence.results.get(trial.id, []):
        for name, value in row.metrics.items():
            told.setdefault(name, []).append((row.step, value))
    for name in told.keys() | final.keys():
        expected = Counter(told.get(name, []) + ([final[name]] if name in final else []))
        shown = Counter((step, value) for step, value, _ in run.metrics.get(name, []))
        # The last epoch and the ending show one value at one moment, which MLflow keeps once.
        assert shown.keys() == expected.keys(), f"trial {trial.number}, {name}: {shown} instead of {expected}"
        assert shown <= expected, f"trial {trial.number}, {name}: {shown} instead of {expected}"


def _check_story(evidence: Evidence, trial: TrialRow) -> None:
    """No attempt begins before the one before it is over."""
    told = [event for event in evidence.events if event.data.get("number") == trial.number]
    is_running = False
    for event in told:
        if event.kind == "trial.started":
            assert not is_running, f"trial {trial.number} started twice: event {event.sequence}"
        if event.kind in ("trial.started", "trial.lost", "trial.drained", "trial.ended"):
            is_running = event.kind == "trial.started"
    assert not is_running, f"trial {trial.number} has started and not ended"
    assert [e.data["outcome"] for e in told if e.kind == "trial.ended"][-1:] == [trial.outcome], f"{trial.number}"
    assert evidence.sweep.state is not SweepState.SUCCEEDED or told, f"nothing is told of trial {trial.number}"

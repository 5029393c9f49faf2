"""The ledger against MLflow: the sweep's run is there, every started trial has exactly one, and they say the same."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.db.trials import TrialRow
from service.ledger.audit.itself import contradicts_itself
from service.ledger.audit.picture import LedgerPicture
from service.lifecycle import TrialState
from service.schemas.audit import Disagreement, Part
from service.tracking import presentation
from service.tracking.batch import view_trial
from service.tracking.view import SeenRun, SweepView


@dataclass(frozen=True)
class Shown:
    """What MLflow shows of a sweep, and what of it may be out of date."""

    sweep: SweepView
    runs: Sequence[SeenRun]
    points: Mapping[str, Mapping[str, int]]
    """Run id → metric → how many points its curve has."""
    is_sweep_on_its_way: bool
    """Something has happened to the sweep that MLflow need not have heard of."""
    trials_on_their_way: Collection[int]
    """Numbers of trials to which something has happened."""


def compare_with_mlflow(picture: LedgerPicture, shown: Shown) -> Iterator[Disagreement]:
    """What MLflow shows otherwise. All of it is set right by showing the sweep anew."""
    by_number: dict[int | None, list[SeenRun]] = {}
    for run in shown.runs:
        by_number.setdefault(run.number, []).append(run)
    yield from _sweep(shown, by_number.pop(None, []))
    for trial in picture.trials:
        runs = by_number.pop(trial.number, [])
        if trial.number not in shown.trials_on_their_way:
            yield from _trial(picture, shown, trial, runs)
    for number, runs in by_number.items():
        for run in runs:
            yield _of("run_extra", f"run {run.run_id}", f"it shows trial {number}, which the ledger has not")


def _sweep(shown: Shown, runs: Sequence[SeenRun]) -> Iterator[Disagreement]:
    name = f"sweep {shown.sweep.id}"
    for extra in runs[1:]:
        yield _of("run_extra", f"run {extra.run_id}", f"it shows {name} once more")
    if not runs:
        yield _of("sweep_not_shown", name, "it has no run")
        return
    if shown.is_sweep_on_its_way:
        return
    status = presentation.SWEEP_STATUSES[shown.sweep.state]
    if runs[0].status != status:
        yield _of("status_differs", name, f"its run is {runs[0].status} and should be {status}")
    yield from _parameters(name, runs[0], presentation.sweep_parameters(shown.sweep))


def _trial(picture: LedgerPicture, shown: Shown, trial: TrialRow, runs: Sequence[SeenRun]) -> Iterator[Disagreement]:
    name = f"trial {trial.number}"
    has_begun = trial.attempts > 0 or trial.state is TrialState.ENDED or picture.told_of(trial).endings > 0
    if has_begun and not runs:
        yield _of("trial_not_shown", name, "it has begun and has no run")
    for extra in runs[has_begun:]:
        why = "has an older run" if has_begun else "has not begun"
        yield _of("run_extra", f"run {extra.run_id}", f"it shows {name}, which {why}")
    # Nobody can say how a trial should be shown that the ledger itself is not sure of.
    if has_begun and runs and not contradicts_itself(trial):
        yield from _contents(picture, shown, trial, runs[0])


def _contents(picture: LedgerPicture, shown: Shown, trial: TrialRow, run: SeenRun) -> Iterator[Disagreement]:
    name = f"trial {trial.number}"
    view = view_trial(trial, shown.sweep, place=None, last_step=0, first_told_at=picture.sweep.created_at)
    status, outcome = presentation.trial_status(view), trial.outcome or ""
    parents = {one.run_id for one in shown.runs if one.number is None}
    if run.parent_id not in parents:
        yield _of("parent_differs", name, f"its run lies below {run.parent_id or 'no run'}, not below its sweep's")
    if run.status != status:
        yield _of("status_differs", name, f"its run is {run.status} and should be {status}")
    if run.outcome != outcome:
        yield _of("outcome_differs", name, f"its run tells of {run.outcome or 'none'}; it is {outcome or 'open'}")
    yield from _parameters(name, run, presentation.trial_parameters(view))
    if trial.state is TrialState.ENDED:
        yield from _final_metrics(name, run, presentation.trial_final_metrics(view))
    yield from _points(picture, trial, shown.points.get(run.run_id, {}))


def _parameters(name: str, run: SeenRun, expected: Mapping[str, str]) -> Iterator[Disagreement]:
    wrong = sorted(key for key in {*expected, *run.parameters} if expected.get(key) != run.parameters.get(key))
    if wrong:
        told = ", ".join(f"{key} = {run.parameters.get(key)} instead of {expected.get(key)}" for key in wrong)
        yield _of("parameters_differ", name, f"its run tells of {told}")


def _final_metrics(name: str, run: SeenRun, expected: Mapping[str, float]) -> Iterator[Disagreement]:
    wrong = sorted(key for key, value in expected.items() if not math.isclose(run.metrics.get(key, math.nan), value))
    if wrong:
        told = ", ".join(f"{key} = {run.metrics.get(key)} instead of {expected[key]}" for key in wrong)
        yield _of("metrics_differ", name, f"its run tells of {told}")


def _points(picture: LedgerPicture, trial: TrialRow, counted: Mapping[str, int]) -> Iterator[Disagreement]:
    expected = {key: _expected_points(picture, trial, key) for key in {*picture.points_of(trial), *counted}}
    wrong = sorted(
        key
        for key, (least, most) in expected.items()
        if key not in presentation.COSTS and not least <= counted.get(key, 0) <= most
    )
    if wrong:
        told = ", ".join(f"{key} has {counted.get(key, 0)} points instead of {expected[key][0]}" for key in wrong)
        yield _of("points_differ", f"trial {trial.number}", f"in its run {told}")


def _expected_points(picture: LedgerPicture, trial: TrialRow, key: str) -> tuple[int, int]:
    """At least and at most: every step once, and the final score, which an ending that was taken back had too."""
    steps, endings = picture.points_of(trial)[key], picture.told_of(trial).endings
    least = steps + (key in trial.scores)
    return least, max(least, steps + endings) if endings > 1 else least


def _of(kind: str, subject: str, detail: str) -> Disagreement:
    return Disagreement(part=Part.MLFLOW, kind=kind, subject=subject, detail=detail, is_repairable=True)

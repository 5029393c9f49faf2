"""The ledger against its own rules: every planned trial once, one outcome each, all attempts charged, no event lost."""

import math
from collections.abc import Iterator

from service.db.runners import ACTIVE
from service.db.trials import AttemptRow, TrialRow
from service.ledger.audit.picture import LedgerPicture, LedgerRows
from service.lifecycle import SweepState, TrialState
from service.schemas.audit import Disagreement, Part
from service.search.slots import Slot, slots


def compare_with_itself(picture: LedgerPicture) -> Iterator[Disagreement]:
    """Every broken rule."""
    yield from _plan(picture)
    yield from _events(picture)
    for trial in picture.trials:
        yield from _outcome(picture, trial)
        yield from _attempts(picture, trial)


def missing_slots(picture: LedgerPicture) -> list[Slot]:
    """Places of the design that no trial has; a search has them all when it has come to its own end."""
    sweep, spec = picture.sweep, picture.sweep.spec
    is_whole = sweep.state is SweepState.SUCCEEDED and sweep.cut_reason is None
    if spec.design.kind == "search" and not is_whole:
        return []
    taken = {(trial.arm, trial.point, trial.replicate) for trial in picture.trials}
    return [slot for slot in slots(spec) if slot not in taken]


def unwanted_attempts(picture: LedgerRows, trial: TrialRow) -> list[AttemptRow]:
    """Attempts that are open although their trial does not run, or runs elsewhere, or nobody believes their runner."""
    opened = [attempt for attempt in picture.attempts_of(trial) if attempt.ended_at is None]
    if trial.state is not TrialState.RUNNING:
        return opened
    return [
        attempt
        for attempt in opened
        if attempt.number != trial.attempts or picture.runners[attempt.runner_id].state not in ACTIVE
    ]


def is_forsaken(picture: LedgerRows, trial: TrialRow) -> bool:
    """Whether the trial is said to run and no attempt of it is open."""
    return trial.state is TrialState.RUNNING and all(
        attempt.ended_at is not None for attempt in picture.attempts_of(trial)
    )


def charged_seconds(picture: LedgerRows, trial: TrialRow) -> float:
    """Device-seconds of the trial's attempts that have ended."""
    return sum(attempt.device_seconds for attempt in picture.attempts_of(trial) if attempt.ended_at is not None)


def is_charged_rightly(picture: LedgerRows, trial: TrialRow) -> bool:
    """Whether the trial costs what its attempts cost."""
    return math.isclose(trial.device_seconds, charged_seconds(picture, trial), rel_tol=1e-9, abs_tol=1e-6)


def contradicts_itself(trial: TrialRow) -> bool:
    """Whether state, outcome and time of ending do not go together."""
    has_ended = trial.state is TrialState.ENDED
    return has_ended != (trial.outcome is not None) or has_ended != (trial.ended_at is not None)


def _plan(picture: LedgerPicture) -> Iterator[Disagreement]:
    wanted = set(slots(picture.sweep.spec))
    for slot in missing_slots(picture):
        place = f"{slot.arm}, point {slot.point}, replicate {slot.replicate}"
        yield _of("trial_missing", place, "the design has this trial and the ledger has not")
    for trial in picture.trials:
        if (trial.arm, trial.point, trial.replicate) not in wanted:
            place = f"{trial.arm}, point {trial.point}, replicate {trial.replicate}"
            yield _of("trial_unplanned", _name(trial), f"the design has no {place}")
    for number, trial in enumerate(picture.trials):
        if trial.number != number:
            yield _of("numbers_not_in_a_row", _name(trial), f"trials are numbered from 0 on, and {number} is not there")
            return


def _events(picture: LedgerPicture) -> Iterator[Disagreement]:
    expected = picture.sweep.event_count
    count, first, last = picture.tally
    if (count, first or 0, last or 0) != (expected, min(expected, 1), expected):
        detail = f"there should be {expected} events, numbered from 1; there are {count}, from {first} to {last}"
        yield _of("events_incomplete", f"sweep {picture.sweep.id}", detail)


def _outcome(picture: LedgerPicture, trial: TrialRow) -> Iterator[Disagreement]:
    if contradicts_itself(trial):
        detail = f"it is {trial.state.value}, its outcome is {trial.outcome}, and it ended at {trial.ended_at}"
        yield _of("state_contradicts_outcome", _name(trial), detail)
    told = picture.told_of(trial).current
    if told is not trial.outcome:
        detail = f"its outcome is {trial.outcome or 'open'}, and its events tell of {told or 'none'}"
        yield _of("outcome_told_otherwise", _name(trial), detail)


def _attempts(picture: LedgerPicture, trial: TrialRow) -> Iterator[Disagreement]:
    numbers = [attempt.number for attempt in picture.attempts_of(trial)]
    if numbers != list(range(1, trial.attempts + 1)):
        detail = f"it is said to have had {trial.attempts} attempts; there are those numbered {numbers}"
        yield _of("attempts_incomplete", _name(trial), detail)
    for attempt in unwanted_attempts(picture, trial):
        runner = picture.runners[attempt.runner_id]
        detail = f"it is open; the trial is {trial.state.value}, its runner {runner.id} is {runner.state.value}"
        yield _of("attempt_open", f"attempt {attempt.number} of {_name(trial)}", detail, is_repairable=True)
    if is_forsaken(picture, trial):
        detail = "it is said to run, and no attempt of it is open"
        yield _of("trial_forsaken", _name(trial), detail, is_repairable=True)
    if not is_charged_rightly(picture, trial):
        spent = charged_seconds(picture, trial)
        detail = f"it is charged with {trial.device_seconds:g} device-seconds, its attempts with {spent:g}"
        yield _of("device_seconds_differ", _name(trial), detail, is_repairable=True)


def _of(kind: str, subject: str, detail: str, *, is_repairable: bool = False) -> Disagreement:
    return Disagreement(part=Part.LEDGER, kind=kind, subject=subject, detail=detail, is_repairable=is_repairable)


def _name(trial: TrialRow) -> str:
    return f"trial {trial.number}"

"""A sweep with everything that belongs to it, as it stood at one moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_spaces.outcomes import Outcome
from service.db import audits, runners, sweeps, trials
from service.db.audits import EventTally
from service.db.database import Session
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow


@dataclass(frozen=True)
class ToldOutcomes:
    """What the events say of the endings of one trial."""

    endings: int
    """How often it ended, those that were taken back included."""
    current: Outcome | None
    """The outcome that stands."""


@dataclass(frozen=True)
class LedgerRows:
    """A sweep with its trials, their attempts and its runners: all that a repair looks at."""

    sweep: SweepRow
    trials: Sequence[TrialRow]
    attempts: Mapping[int, Sequence[AttemptRow]]
    """By trial id; those without any are left out."""
    runners: Mapping[str, RunnerRow]

    def attempts_of(self, trial: TrialRow) -> Sequence[AttemptRow]:
        """The trial's attempts, the first one first."""
        return self.attempts.get(trial.id, ())


@dataclass(frozen=True)
class LedgerPicture(LedgerRows):
    """The same with what was told and measured; the rows are for reading."""

    points: Mapping[int, Counter[str]]
    """Trial id → metric → number of steps that have it."""
    tally: EventTally
    told: Mapping[int, ToldOutcomes]
    """By number of the trial; those whose endings nothing was told of are left out."""

    def points_of(self, trial: TrialRow) -> Counter[str]:
        """Metric → number of the trial's steps that have it."""
        return self.points.get(trial.id, Counter())

    def told_of(self, trial: TrialRow) -> ToldOutcomes:
        """What the events say of the trial's endings."""
        return self.told.get(trial.number, ToldOutcomes(0, None))


async def load_rows(session: Session, sweep_id: str) -> LedgerRows:
    """The sweep, which must be there. Give it a snapshot, or lock the sweep before."""
    return LedgerRows(
        sweep=await sweeps.get(session, sweep_id),
        trials=await trials.page(session, sweep_id),
        attempts=await audits.attempts(session, sweep_id),
        runners={row.id: row for row in await runners.of_sweep(session, sweep_id)},
    )


async def load_picture(session: Session, sweep_id: str) -> LedgerPicture:
    """The sweep, which must be there. Give it a snapshot."""
    endings = await audits.events_of_kinds(session, sweep_id, "trial.ended", "trial.retried")
    told: dict[int, ToldOutcomes] = {}
    for event in endings:
        number = event.data["number"]
        before = told.get(number, ToldOutcomes(0, None))
        ended = event.kind == "trial.ended"
        told[number] = ToldOutcomes(before.endings + ended, Outcome(event.data["outcome"]) if ended else None)
    rows = await load_rows(session, sweep_id)
    return LedgerPicture(
        sweep=rows.sweep,
        trials=rows.trials,
        attempts=rows.attempts,
        runners=rows.runners,
        points=await audits.points(session, sweep_id),
        tally=await audits.tally_events(session, sweep_id),
        told=told,
    )

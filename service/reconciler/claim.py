"""The right of one worker to move one sweep for a while, and what it sees of that sweep."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from search_spaces.sweep_spec import SweepSpec
from service.clusters.registry import ClusterRegistry
from service.db import clusters, runners, sweeps, trials
from service.db.database import Database, Session
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialCount
from service.lifecycle import TrialState
from service.metrics import Metrics
from service.settings import Settings


@dataclass(frozen=True)
class Tools:
    """What every step works with."""

    settings: Settings
    database: Database
    clusters: ClusterRegistry
    clock: Callable[[], datetime]
    metrics: Metrics = field(default_factory=Metrics)


class ClaimLost(Exception):
    """Another worker has taken the sweep over; whatever this one was doing is the other's business now."""


class Overtaken(Exception):
    """The sweep was changed since it was claimed, by its owner for example: what was decided may be wrong now."""


@dataclass(frozen=True)
class Claim:
    """One worker's right to move one sweep, as it stood when it was claimed."""

    tools: Tools
    sweep_id: str
    worker: str
    generation: int
    claimed_at: datetime
    """Runners are judged as of then: the clock may jump before the step has ended, and nobody was silent for that."""
    heard_until: datetime
    """Their silence is judged as of then: nobody could be heard later than that."""
    goes_on: Callable[[], None] = lambda: None
    """Called piece by piece by a step that may take long, so that nobody takes the worker for stuck."""

    @asynccontextmanager
    async def write(self) -> AsyncIterator[tuple[Session, SweepRow]]:
        """A transaction with the sweep's row locked, for facts. Raises ClaimLost when the claim is no longer ours."""
        async with self.tools.database.write() as session:
            sweep = await sweeps.find_claimed(session, self.sweep_id, self.worker)
            if sweep is None:
                raise ClaimLost(f"{self.worker} lost its claim on sweep {self.sweep_id}")
            yield session, sweep

    @asynccontextmanager
    async def decide(self) -> AsyncIterator[tuple[Session, SweepRow]]:
        """A transaction like `write`, for what was decided on a picture. Raises Overtaken once that is out of date."""
        async with self.write() as (session, sweep):
            self._check_generation(sweep)
            yield session, sweep

    async def picture(self) -> "Picture":
        """The sweep as it stands. Raises Overtaken when it is another one than was claimed."""
        async with self.tools.database.read() as session:
            sweep = await sweeps.find(session, self.sweep_id)
            if sweep is None:
                raise ClaimLost(f"sweep {self.sweep_id} is gone")
            self._check_generation(sweep)
            counts = await trials.counts(session, sweep.id)
            spent = sum(count.device_seconds for count in counts)
            spent += await trials.running_device_seconds(session, sweep.id)
            chosen = await self.tools.clusters.resolve(session, sweep.spec.clusters)
            draining = await clusters.draining(session, chosen)
            of_sweep = list(await runners.of_sweep(session, sweep.id))
            return Picture(sweep, sweep.spec, chosen, draining, of_sweep, counts, spent)

    def _check_generation(self, sweep: SweepRow) -> None:
        if sweep.generation != self.generation:
            raise Overtaken(f"sweep {self.sweep_id} was changed, it is {sweep.state.value} now")


@dataclass(frozen=True)
class Picture:
    """A sweep as it stood when it was looked at; the rows are for reading."""

    sweep: SweepRow
    spec: SweepSpec
    clusters: list[str]
    """Names of the clusters that the spec's names and labels mean now."""
    draining: frozenset[str]
    """Those of them that are being drained."""
    runners: list[RunnerRow]
    counts: list[TrialCount]
    device_seconds: float

    @property
    def ended_trials(self) -> int:
        """How many trials have their outcome."""
        return sum(count.trials for count in self.counts if count.state is TrialState.ENDED)

    @property
    def active_runners(self) -> list[RunnerRow]:
        """Runners that are believed."""
        return [runner for runner in self.runners if runner.state in runners.ACTIVE]

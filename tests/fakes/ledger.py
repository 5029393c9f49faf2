"""The ledger without a network: a clock that tests turn, sweeps and runners that do what a test tells them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.clusters import FakeClusterClient

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.runner_protocol import (
    AskAnswer,
    LostTrial,
    ReportAnswer,
    ReportRequest,
    StepResult,
    TrialAssignment,
    TrialEnding,
)
from search_spaces.sweep_spec import SweepSpec
from service.auth.callers import Caller
from service.auth.first_key import FIRST_OWNER
from service.clusters.registry import ClusterRegistry
from service.db import runners, sweeps, trials
from service.db.database import Database
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.ledger.runners import OpenedRunner, fence, open_runner
from service.operations.runners import ask, report
from service.operations.steering import cancel_sweep, pause_sweep, resume_sweep
from service.operations.sweeps import create_sweep
from service.operations.workers import join
from service.schemas.workers import JoinRequest
from service.settings import Settings
from service.vault import Vault

OWNER = FIRST_OWNER
"""Whoever has the first key of the service, which the API's tests call it with."""


@dataclass
class Clock:
    """A clock that stands still until a test turns it."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class World:
    """The ledger with everything around it replaced by the test."""

    database: Database
    settings: Settings
    clock: Clock = field(default_factory=Clock)
    cluster: FakeClusterClient = field(default_factory=FakeClusterClient)
    other_clusters: dict[str, FakeClusterClient] = field(default_factory=dict)

    @property
    def clusters(self) -> ClusterRegistry:
        """A registry with the cluster `local` and whatever a test adds."""
        return ClusterRegistry(self.database, self.vault, {"local": self.cluster, **self.other_clusters})

    @property
    def vault(self) -> Vault:
        """A vault with a key of its own."""
        return Vault(None, self.settings.secret_key_file)

    async def create(self, spec: SweepSpec | None = None) -> str:
        """Id of a new sweep."""
        return await create_sweep(
            self.database,
            self.settings,
            self.clusters,
            spec or small_spec(),
            owner=OWNER,
            idempotency_key=None,
            now=self.clock(),
        )

    async def open_runner(self, sweep_id: str) -> "RunnerDouble":
        """A runner of the sweep that has not asked yet."""
        async with self.database.write() as session:
            opened = await open_runner(session, self.settings, sweep_id, "local", self.clock())
        return RunnerDouble(self, opened)

    async def join(self, sweep_id: str, name: str = "laptop") -> "RunnerDouble":
        """The runner of a person's own worker, which its owner lets join the sweep."""
        owner, request = Caller(OWNER, frozenset(), "key"), JoinRequest(name=name)
        async with self.database.write() as session:
            joined = await join(session, self.settings, self.vault, owner, sweep_id, request, None, self.clock())
        return RunnerDouble(self, OpenedRunner(joined.brief.runner_id, "", joined.token))

    async def fence(self, runner: "RunnerDouble", reason: str = "test") -> None:
        """Fences the runner, as the reconciler does with a dead one."""
        async with self.database.write() as session:
            row = await runners.find(session, runner.opened.runner_id, lock=True)
            assert row is not None
            await fence(session, self.settings, row, self.clock(), reason)

    async def cancel(self, sweep_id: str) -> None:
        """Cancels the sweep, as its owner does."""
        async with self.database.write() as session:
            await cancel_sweep(session, self.settings, sweep_id, None, self.clock())

    async def pause(self, sweep_id: str) -> None:
        """Pauses the sweep, as its owner does."""
        async with self.database.write() as session:
            await pause_sweep(session, sweep_id, None, self.clock())

    async def resume(self, sweep_id: str) -> None:
        """Goes on with the sweep, as its owner does."""
        async with self.database.write() as session:
            await resume_sweep(session, self.settings, sweep_id, None, self.clock())

    async def sweep(self, sweep_id: str) -> SweepRow:
        async with self.database.read() as session:
            row = await sweeps.find(session, sweep_id)
        assert row is not None
        return row

    async def trials(self, sweep_id: str) -> list[TrialRow]:
        async with self.database.read() as session:
            return list(await trials.page(session, sweep_id))


@dataclass
class RunnerDouble:
    """A runner that does exactly what a test tells it to."""

    world: World
    opened: OpenedRunner
    sequence: int = 0

    async def ask(self, tune_trial_id: str, token: str | None = None) -> AskAnswer:
        world = self.world
        return await ask(
            world.database,
            world.settings,
            world.clock,
            self.opened.runner_id,
            token or self.opened.token,
            tune_trial_id,
        )

    async def take(self, tune_trial_id: str) -> TrialAssignment:
        """Asks and expects to get a trial."""
        answer = await self.ask(tune_trial_id)
        assert isinstance(answer, TrialAssignment), answer
        return answer

    async def report(self, *, repeat: bool = False, **content: Any) -> ReportAnswer:
        """Reports with the next sequence, or the last one again."""
        self.sequence += 0 if repeat else 1
        request = ReportRequest(sequence=self.sequence, **content)
        world = self.world
        return await report(
            world.database, world.settings, world.clock, self.opened.runner_id, self.opened.token, request
        )


def step(tune_trial_id: str, number: int = 1, **changes: Any) -> StepResult:
    """The result of an epoch."""
    values = {
        "tune_trial_id": tune_trial_id,
        "step": number,
        "metrics": {"train_loss": 1.0, "val_top1": 0.5},
        "image_passes": 100 * number,
        "device_seconds": float(number),
        "attempt_device_seconds": float(number),
    }
    return StepResult.model_validate({**values, **changes})


def completed(tune_trial_id: str, score: float = 0.9, seconds: float = 3.0) -> TrialEnding:
    """The ending of a trial that went well."""
    return TrialEnding(
        tune_trial_id=tune_trial_id,
        outcome=Outcome.COMPLETED,
        scores={"val_top1": score},
        facts={"device": "x86_64"},
        attempt_device_seconds=seconds,
    )


def lost(tune_trial_id: str) -> LostTrial:
    """A trial whose process vanished."""
    return LostTrial(tune_trial_id=tune_trial_id, reason="its process was killed")


def small_spec(**changes: Any) -> SweepSpec:
    """Two arms × two configurations."""
    return vary(digits_smoke(), **changes)

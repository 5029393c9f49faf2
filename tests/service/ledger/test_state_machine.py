"""Whatever runners do in whatever order, the invariants of the ledger hold, and a sweep can always be ended."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fakes.ledger import RunnerDouble, World, completed, lost, small_spec, step
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from search_spaces.runner_protocol import Finished, TrialAssignment
from service.db import events, runners, trials
from service.db.database import Database
from service.db.events import EventRow
from service.db.runners import ACTIVE
from service.db.trials import AttemptRow, TrialRow
from service.errors import RunnerFenced
from service.lifecycle import RunnerState, TrialState
from service.settings import Settings


class LedgerMachine(RuleBasedStateMachine):
    """Runners ask, report, repeat themselves, lose trials, die, and come back from the dead."""

    believed: Bundle[RunnerDouble] = Bundle("believed")
    attempts: Bundle[tuple[RunnerDouble, str]] = Bundle("attempts")

    def __init__(self, migrated: Path) -> None:
        super().__init__()
        self.migrated = migrated
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.opened: list[RunnerDouble] = []
        self.names = 0
        self.last_report: dict[str, dict[str, Any]] = {}
        self.outcomes: dict[int, str] = {}

    def run(self, awaitable: Any) -> Any:
        return self.loop.run(awaitable)

    @initialize(kind=st.sampled_from(["paired", "search"]))
    def create(self, kind: str) -> None:
        file = Path(self.folder.name) / "ledger.db"
        shutil.copyfile(self.migrated, file)
        database = Database(f"sqlite+aiosqlite:///{file}")
        self.world = World(database, Settings(home=Path(self.folder.name), max_attempts=3))
        design = {"kind": kind, "sampler": "random", "configurations": 2}
        self.sweep_id = self.run(self.world.create(small_spec(design=design, resources={"max_concurrent": 3})))

    @rule(target=believed)
    def open_runner(self) -> RunnerDouble:
        self.opened.append(self.run(self.world.open_runner(self.sweep_id)))
        return self.opened[-1]

    @rule(target=attempts, runner=believed)
    def ask(self, runner: RunnerDouble) -> tuple[RunnerDouble, str]:
        self.names += 1
        name = f"t{self.names}"
        self.tolerate_fencing(runner.ask(name))
        return runner, name

    @rule(attempt=attempts)
    def ask_again(self, attempt: tuple[RunnerDouble, str]) -> None:
        runner, name = attempt
        first, second = self.tolerate_fencing(runner.ask(name)), self.tolerate_fencing(runner.ask(name))
        if isinstance(first, TrialAssignment):
            assert second == first

    @rule(attempt=attempts, epoch=st.integers(1, 4), seconds=st.floats(0, 100))
    def report_result(self, attempt: tuple[RunnerDouble, str], epoch: int, seconds: float) -> None:
        runner, name = attempt
        self.report(runner, results=[step(name, epoch, attempt_device_seconds=seconds)])

    @rule(attempt=attempts, score=st.floats(0, 1), seconds=st.floats(0, 100))
    def report_outcome(self, attempt: tuple[RunnerDouble, str], score: float, seconds: float) -> None:
        runner, name = attempt
        self.report(runner, outcomes=[completed(name, score, seconds)])

    @rule(attempt=attempts)
    def report_loss(self, attempt: tuple[RunnerDouble, str]) -> None:
        runner, name = attempt
        self.report(runner, lost=[lost(name)])

    @rule(runner=believed)
    def repeat_last_report(self, runner: RunnerDouble) -> None:
        content = self.last_report.get(runner.opened.runner_id)
        if content is not None:
            before = self.run(self.world.sweep(self.sweep_id)).event_count
            self.tolerate_fencing(runner.report(repeat=True, **content))
            assert self.run(self.world.sweep(self.sweep_id)).event_count == before

    @rule(runner=believed, seconds=st.floats(0, 50))
    def fence(self, runner: RunnerDouble, seconds: float) -> None:
        self.world.clock.turn(seconds)
        if self.run(self.state_of(runner)) in ACTIVE:
            self.run(self.world.fence(runner))

    @invariant()
    def trial_has_one_outcome_that_never_changes(self) -> None:
        for trial in self.all_trials():
            assert (trial.state is TrialState.ENDED) == (trial.outcome is not None)
            if trial.outcome is not None:
                assert self.outcomes.setdefault(trial.number, trial.outcome) == trial.outcome

    @invariant()
    def running_trial_has_exactly_one_open_attempt_and_others_none(self) -> None:
        for trial in self.all_trials():
            attempts = self.run(self.attempts_of(trial.id))
            open_attempts = [attempt for attempt in attempts if attempt.ended_at is None]
            assert len(open_attempts) == (1 if trial.state is TrialState.RUNNING else 0)
            assert [attempt.number for attempt in attempts] == list(range(1, trial.attempts + 1))

    @invariant()
    def device_seconds_are_conserved(self) -> None:
        for trial in self.all_trials():
            attempts = self.run(self.attempts_of(trial.id))
            ended = sum(attempt.device_seconds for attempt in attempts if attempt.ended_at is not None)
            assert abs(trial.device_seconds - ended) < 1e-6

    @invariant()
    def events_have_no_gap(self) -> None:
        rows = self.run(self.all_events())
        assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
        ended = [row.data["number"] for row in rows if row.kind == "trial.ended"]
        assert len(ended) == len(set(ended))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.bring_to_the_end()
            self.run(self.world.database.close())
        self.loop.close()
        self.folder.cleanup()

    def bring_to_the_end(self) -> None:
        """A new runner that does everything right ends every trial that is still open."""
        for runner in self.opened:
            if self.run(self.state_of(runner)) in ACTIVE:
                self.run(self.world.fence(runner))
        runner, index = self.run(self.world.open_runner(self.sweep_id)), 0
        while not isinstance(self.run(runner.ask(f"last{index}")), Finished):
            self.run(runner.report(outcomes=[completed(f"last{index}")]))
            index += 1
        places = sorted((trial.arm, trial.point) for trial in self.all_trials())
        assert places == [(arm, point) for arm in ("cross_entropy", "supcon") for point in range(2)]
        assert {trial.state for trial in self.all_trials()} == {TrialState.ENDED}

    def report(self, runner: RunnerDouble, **content: Any) -> None:
        self.last_report[runner.opened.runner_id] = content
        self.tolerate_fencing(runner.report(**content))

    def tolerate_fencing(self, call: Any) -> Any:
        try:
            return self.run(call)
        except RunnerFenced:
            return None

    def all_trials(self) -> list[TrialRow]:
        return self.run(self.world.trials(self.sweep_id))

    async def state_of(self, runner: RunnerDouble) -> RunnerState:
        async with self.world.database.read() as session:
            row = await runners.find(session, runner.opened.runner_id)
        assert row is not None
        return row.state

    async def attempts_of(self, trial_id: int) -> Sequence[AttemptRow]:
        async with self.world.database.read() as session:
            return await trials.attempts_of(session, trial_id)

    async def all_events(self) -> Sequence[EventRow]:
        async with self.world.database.read() as session:
            return await events.after(session, self.sweep_id, 0, limit=10_000)


def test_the_ledger_keeps_its_word(migrated_sqlite: Path) -> None:
    run_state_machine_as_test(
        lambda: LedgerMachine(migrated_sqlite),
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

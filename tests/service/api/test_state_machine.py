"""Whatever owners, runners and clusters do in whatever order, the API answers as a simple model says.

The ledger below it has a machine of its own (tests/service/ledger/test_state_machine.py); this one calls the API over
HTTP, with the reconciler stepped by hand between the calls.
"""

import asyncio
import functools
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.keys import headers_of
from fakes.ledger import World, completed, lost, small_spec, step
from fakes.reconciling import reconcile_for, runner_rows
from fakes.registered import register
from fakes.sweep_models import CONDITIONS, MAY_GO_ON, RunnerModel, SweepModel
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from service.clusters.protocol import ClusterUnreachable, JobState
from service.db import clusters, runners, trials
from service.db.database import Database
from service.db.runners import RunnerRow
from service.db.trials import AttemptRow, TrialRow
from service.ledger.runners import fence
from service.lifecycle import FINISHED_STATES, OPEN_STATES, RunnerState, SweepState, TrialState, advance
from service.main import build_app
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step
from service.schemas.keys import Scope
from service.settings import Settings

ANY_CONDITION = st.sampled_from(CONDITIONS)


class ApiMachine(RuleBasedStateMachine):
    """Sweeps are made, steered and deleted while runners ask, report, die, and come back."""

    sweeps: Bundle[SweepModel] = Bundle("sweeps")
    runners: Bundle[RunnerModel] = Bundle("runners")

    def __init__(self, open_ledger: Callable[[Path], Database]) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.open_ledger = open_ledger
        self.made: list[SweepModel] = []
        self.by_key: dict[str, tuple[int, SweepModel]] = {}
        self.names = 0
        self.started: dict[str, RunnerModel] = {}

    @initialize()
    def start(self) -> None:
        self.world = World(self.open_ledger(self.folder), Settings(home=self.folder, max_attempts=3))
        app = build_app(self.world.settings)
        parts = app.state.parts
        parts.database, parts.clusters, parts.clock = self.world.database, self.world.clusters, self.world.clock
        self.run(register_anew(self.world, "local"))
        headers = self.run(headers_of(self.world, "admin", Scope.ADMIN))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers)

    def run(self, awaitable: Any) -> Any:
        return self.loop.run(awaitable)

    def call(self, method: str, path: str, template: str, **request: Any) -> httpx.Response:
        """The answer, which the document knows, and which is no failure of ours."""
        answer: httpx.Response = self.run(self.client.request(method, path, **request))
        assert answer.status_code < 500, answer.text
        assert str(answer.status_code) in documented_answers(method, template), answer.text
        return answer

    def ask_of(self, sweep: SweepModel, method: str, action: str = "", **request: Any) -> httpx.Response:
        template = f"/v1/sweeps/{{sweep_id}}{action.partition('?')[0]}"
        return self.call(method, f"/v1/sweeps/{sweep.id}{action}", template, **request)

    @rule(target=sweeps, key=st.sampled_from([None, None, "a", "b"]), seed=st.integers(0, 1))
    def create(self, key: str | None, seed: int) -> SweepModel:
        spec = small_spec(design={"configurations": 2, "seed": seed}, resources={"max_concurrent": 3})
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self.call("POST", "/v1/sweeps", "/v1/sweeps", json=spec.model_dump(mode="json"), headers=headers)
        if key in self.by_key:
            known_seed, known = self.by_key[key]
            if known_seed != seed:
                assert code_of(answer) == (422, "idempotency_key_reused")
            elif known.is_deleted:
                assert code_of(answer) == (404, "not_found")
            else:
                assert (answer.status_code, answer.json()["id"]) == (201, known.id)
            return known
        sweep = self.remember(answer)
        if key is not None:
            self.by_key[key] = (seed, sweep)
            again = self.call("POST", "/v1/sweeps", "/v1/sweeps", json=spec.model_dump(mode="json"), headers=headers)
            assert (again.status_code, again.json()["id"]) == (201, sweep.id)
        return sweep

    @rule(target=sweeps, sweep=sweeps)
    def clone(self, sweep: SweepModel) -> SweepModel:
        answer = self.ask_of(sweep, "POST", "/clone", json={})
        if sweep.is_deleted:
            assert answer.status_code == 404
            return sweep
        return self.remember(answer)

    @rule(sweep=sweeps, condition=ANY_CONDITION, action=st.sampled_from(["pause", "resume", "cancel"]))
    def steer(self, sweep: SweepModel, condition: str, action: str) -> None:
        answer = self.ask_of(sweep, "POST", f"/{action}", headers=sweep.condition(condition))
        self.check_change(sweep, answer, condition, sweep.after(action))

    @rule(sweep=sweeps, condition=ANY_CONDITION, priority=st.integers(0, 2))
    def change(self, sweep: SweepModel, condition: str, priority: int) -> None:
        answer = self.ask_of(sweep, "PATCH", json={"priority": priority}, headers=sweep.condition(condition))
        is_new = priority != sweep.priority
        self.check_change(sweep, answer, condition, sweep.state, is_change=is_new)
        if answer.status_code == 200:
            sweep.priority = priority

    @rule(sweep=sweeps, condition=ANY_CONDITION, more=st.integers(-1, 1))
    def extend(self, sweep: SweepModel, condition: str, more: int) -> None:
        wanted = {"configurations": sweep.configurations + more}
        answer = self.ask_of(sweep, "POST", "/extend", json=wanted, headers=sweep.condition(condition))
        as_it_is = sweep.state if more == 0 and sweep.state in MAY_GO_ON else None
        after = sweep.after("go on") if more > 0 else as_it_is
        self.check_change(sweep, answer, condition, after, is_change=more > 0)
        if answer.status_code == 200:
            sweep.configurations += more

    @rule(sweep=sweeps, condition=ANY_CONDITION)
    def retry(self, sweep: SweepModel, condition: str) -> None:
        body = {"outcomes": ["failed", "cancelled"]}
        again = 0 if sweep.is_deleted else self.count_ended_as(sweep, "failed", "cancelled")
        answer = self.ask_of(sweep, "POST", "/retry-failed", json=body, headers=sweep.condition(condition))
        as_it_is = sweep.state if sweep.state in MAY_GO_ON - FINISHED_STATES else None
        after = sweep.after("go on") if again else as_it_is
        self.check_change(sweep, answer, condition, after, is_change=again > 0)
        if answer.status_code == 200:
            sweep.outcomes = {n: one for n, one in sweep.outcomes.items() if one not in ("failed", "cancelled")}

    @rule(sweep=sweeps, condition=ANY_CONDITION)
    def delete(self, sweep: SweepModel, condition: str) -> None:
        answer = self.ask_of(sweep, "DELETE", headers=sweep.condition(condition))
        if sweep.is_deleted:
            assert answer.status_code == 404
        elif condition == "stale":
            assert code_of(answer) == (412, "precondition_failed")
        elif sweep.state in FINISHED_STATES:
            assert answer.status_code == 204
            sweep.is_deleted = True
        else:
            assert code_of(answer) == (409, "wrong_state")

    @rule(target=runners, sweep=sweeps)
    def join(self, sweep: SweepModel) -> RunnerModel:
        answer = self.ask_of(sweep, "POST", "/workers", json={"name": "laptop"})
        if sweep.is_deleted or sweep.state not in OPEN_STATES:
            assert answer.status_code == (404 if sweep.is_deleted else 409)
            return RunnerModel(sweep, "nobody", "nothing")
        joined = answer.json()
        return RunnerModel(sweep, joined["brief"]["runner_id"], joined["token"])

    @rule(target=runners, sweep=sweeps)
    def start_job(self, sweep: SweepModel) -> RunnerModel:
        """The newest job of the sweep starts on its cluster."""
        jobs = self.world.cluster.jobs
        rows = [row for row in self.run(runner_rows(self.world, sweep.id)) if row.submission_id in jobs]
        if not rows:
            return RunnerModel(sweep, "nobody", "nothing")
        job = jobs[rows[-1].submission_id]
        self.world.cluster.becomes(job.submission_id, JobState.RUNNING)
        runner = RunnerModel(sweep, rows[-1].id, job.environment["SUPSWEEP_RUNNER_TOKEN"])
        return self.started.setdefault(runner.id, runner)

    @rule(runner=runners, is_new=st.booleans())
    def ask(self, runner: RunnerModel, is_new: bool) -> None:
        if is_new or not runner.names:
            self.names += 1
            runner.names.append(f"t{self.names}")
        answers = [self.tell(runner, "ask", {"tune_trial_id": runner.names[-1]}) for _ in range(2)]
        if answers[0].status_code == 200 and answers[0].json()["kind"] == "trial":
            assert answers[1].json() == answers[0].json()

    @rule(target=runners, sweep=sweeps)
    def pause_before_a_worker_asks(self, sweep: SweepModel) -> RunnerModel:
        """Nothing is handed out any more, whoever asks."""
        runner = self.join(sweep)
        self.steer(sweep, "none", "pause")
        self.names += 1
        answer = self.tell(runner, "ask", {"tune_trial_id": f"t{self.names}"})
        assert answer.status_code != 200 or answer.json()["kind"] == "finished", answer.text
        return runner

    @rule(runner=runners, index=st.integers(0, 3), what=st.sampled_from(["result", "outcome", "loss", "nothing"]))
    def report(self, runner: RunnerModel, index: int, what: str) -> None:
        name = runner.names[index % len(runner.names)] if runner.names else "unknown"
        content = {
            "result": {"results": [step(name, index + 1).model_dump(mode="json")]},
            "outcome": {"outcomes": [completed(name).model_dump(mode="json")]},
            "loss": {"lost": [lost(name).model_dump(mode="json")]},
            "nothing": {},
        }[what]
        answer = self.tell(runner, "report", {"sequence": runner.sequence + 1, **content})
        if answer.status_code == 200:
            runner.sequence += 1
            self.repeat(runner, content)

    def repeat(self, runner: RunnerModel, content: dict[str, Any]) -> None:
        """A report that came before changes nothing."""
        before = len(self.events_of(runner.sweep))
        assert self.tell(runner, "report", {"sequence": runner.sequence, **content}).status_code == 200
        assert len(self.events_of(runner.sweep)) == before

    @rule(runner=runners, gap=st.integers(2, 5))
    def report_out_of_order(self, runner: RunnerModel, gap: int) -> None:
        answer = self.tell(runner, "report", {"sequence": runner.sequence + gap}, expected=(409, "report_out_of_order"))
        assert answer.status_code != 200

    @rule(runner=runners)
    def report_with_another_token(self, runner: RunnerModel) -> None:
        path = f"/v1/runners/{runner.id}/report"
        headers = {"Authorization": "Bearer of-somebody-else"}
        answer = self.call("POST", path, "/v1/runners/{runner_id}/report", json={"sequence": 1}, headers=headers)
        assert code_of(answer) == (401, "unauthenticated")

    @rule(seconds=st.sampled_from([0, 1, 5, 40]))
    def reconcile(self, seconds: int) -> None:
        self.run(reconcile_for(self.world, seconds))
        for sweep in self.alive():
            self.refresh(sweep)

    @rule(is_away=st.booleans())
    def cluster_goes_or_comes_back(self, is_away: bool) -> None:
        self.world.cluster.fails_with = ClusterUnreachable("it is away") if is_away else None

    @rule(is_draining=st.booleans())
    def cluster_is_drained_or_opened_again(self, is_draining: bool) -> None:
        wanted = {"is_draining": is_draining}
        answer = self.call("PATCH", "/v1/clusters/local", "/v1/clusters/{name}", json=wanted)
        assert (answer.status_code, answer.json()["is_draining"]) == (200, is_draining)

    @rule(state=st.sampled_from([JobState.FAILED, JobState.SUCCEEDED, JobState.STOPPED]))
    def newest_job_ends(self, state: JobState) -> None:
        if self.world.cluster.jobs:
            self.world.cluster.becomes(list(self.world.cluster.jobs)[-1], state)

    @invariant()
    def sweeps_are_as_the_model_says(self) -> None:
        for sweep in self.made:
            answer = self.ask_of(sweep, "GET")
            if sweep.is_deleted:
                assert code_of(answer) == (404, "not_found")
                continue
            assert (answer.json()["state"], answer.headers["ETag"]) == (sweep.state, sweep.etag)
            assert answer.json()["spec"].get("priority", 0) == sweep.priority

    @invariant()
    def events_have_no_gap_and_states_follow_each_other(self) -> None:
        for sweep in self.alive():
            found = self.events_of(sweep)
            assert [event["sequence"] for event in found] == list(range(1, len(found) + 1))
            moves = [event["data"] for event in found if event["kind"] == "sweep.state"]
            states = [SweepState(move["new"]) for move in moves]
            assert [move["old"] for move in moves] == [None, *states[:-1]]
            for old, new in pairwise(states):
                assert advance(old, new) is new
            assert states[-1] is sweep.state

    @invariant()
    def trials_are_conserved(self) -> None:
        for sweep in self.alive():
            for trial, attempts in self.run(trials_with_attempts(self.world, sweep.id)):
                unended = [attempt for attempt in attempts if attempt.ended_at is None]
                assert len(unended) == (1 if trial.state is TrialState.RUNNING else 0)
                spent = sum(attempt.device_seconds for attempt in attempts if attempt.ended_at is not None)
                assert trial.device_seconds == pytest.approx(spent)
                assert (trial.outcome is not None) == (trial.state is TrialState.ENDED)
                if trial.outcome is not None:
                    assert sweep.outcomes.setdefault(trial.number, trial.outcome) == trial.outcome

    @invariant()
    def nothing_runs_for_a_cancelled_sweep(self) -> None:
        for sweep in self.alive():
            if sweep.state in (SweepState.CANCELLING, SweepState.CANCELLED):
                states = {row.state for row in self.run(runner_rows(self.world, sweep.id))}
                assert states <= {RunnerState.FENCED, RunnerState.FINISHED}

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.bring_to_the_end()
            self.run(self.client.aclose())
            self.run(self.world.database.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def bring_to_the_end(self) -> None:
        """A worker that does everything right ends every sweep; each planned trial has one outcome then."""
        self.world.cluster.fails_with = None
        for sweep in self.alive():
            if sweep.state is SweepState.PAUSED:
                self.steer(sweep, "none", "resume")
            if sweep.state in OPEN_STATES:
                self.finish(self.join(sweep))
            self.run(reconcile_until_it_is_analysed(self.world, sweep.id))
            places = [(one.arm, one.point, one.replicate) for one in self.run(self.world.trials(sweep.id))]
            assert len(set(places)) == len(places) == 2 * sweep.configurations
            assert {one.state for one in self.run(self.world.trials(sweep.id))} == {TrialState.ENDED}

    def finish(self, runner: RunnerModel) -> None:
        """Fences whoever holds a trial, and runs all that is left."""
        for row in self.run(runner_rows(self.world, runner.sweep.id)):
            if row.id != runner.id and row.state in runners.ACTIVE:
                self.run(fence_row(self.world, row.id))
        for index in range(20 * runner.sweep.configurations):
            answer = self.tell(runner, "ask", {"tune_trial_id": f"last{index}"}).json()
            if answer["kind"] == "finished":
                return
            runner.sequence += 1
            ending = completed(f"last{index}").model_dump(mode="json")
            self.tell(runner, "report", {"sequence": runner.sequence, "outcomes": [ending]})
        raise AssertionError("the sweep has no end")

    def remember(self, answer: httpx.Response) -> SweepModel:
        shown = answer.json()
        assert answer.status_code == 201, answer.text
        assert answer.headers["Location"] == f"/v1/sweeps/{shown['id']}"
        sweep = SweepModel(shown["id"], answer.headers["ETag"], priority=shown["spec"].get("priority", 0))
        sweep.configurations = shown["spec"]["design"]["configurations"]
        self.made.append(sweep)
        return sweep

    def check_change(
        self,
        sweep: SweepModel,
        answer: httpx.Response,
        condition: str,
        after: SweepState | None,
        *,
        is_change: bool | None = None,
    ) -> None:
        """The answer is what the model says: refused, or the state after it, with another version if it changed."""
        if sweep.is_deleted:
            assert code_of(answer) == (404, "not_found")
        elif condition == "stale":
            assert code_of(answer) == (412, "precondition_failed")
        elif after is None:
            assert code_of(answer) == (409, "wrong_state")
        else:
            assert (answer.status_code, answer.json()["state"]) == (200, after), answer.text
            changed = after is not sweep.state if is_change is None else is_change
            assert (answer.headers["ETag"] != sweep.etag) == changed
            sweep.see(answer.json(), answer.headers["ETag"])

    def tell(
        self, runner: RunnerModel, call: str, body: dict[str, Any], expected: tuple[int, str] | None = None
    ) -> httpx.Response:
        """The answer to a runner, which is that to a known one, to a fenced one, or to nobody."""
        row = self.run(runner_row(self.world, runner.id))
        path, headers = f"/v1/runners/{runner.id}/{call}", {"Authorization": f"Bearer {runner.token}"}
        answer = self.call("POST", path, f"/v1/runners/{{runner_id}}/{call}", json=body, headers=headers)
        if row is None:
            assert code_of(answer) == (401, "unauthenticated")
        elif row.state is RunnerState.FENCED:
            assert code_of(answer) == (409, "runner_fenced")
        elif expected is not None:
            assert code_of(answer) == expected
        else:
            assert answer.status_code == 200, answer.text
        if not runner.sweep.is_deleted:
            self.refresh(runner.sweep)
        return answer

    def refresh(self, sweep: SweepModel) -> None:
        """Looks at what the service did by itself, which makes no other version."""
        answer = self.ask_of(sweep, "GET")
        assert answer.headers["ETag"] == sweep.etag
        sweep.see(answer.json(), answer.headers["ETag"])

    def alive(self) -> list[SweepModel]:
        return [sweep for sweep in self.made if not sweep.is_deleted]

    def events_of(self, sweep: SweepModel) -> list[dict[str, Any]]:
        headers = {"Accept": "application/json"}
        found: list[dict[str, Any]] = self.ask_of(sweep, "GET", "/events?limit=1000", headers=headers).json()["items"]
        return found

    def count_ended_as(self, sweep: SweepModel, *outcomes: str) -> int:
        arms = self.ask_of(sweep, "GET").json()["arms"]
        return sum(arm["outcomes"].get(outcome, 0) for arm in arms for outcome in outcomes)


@functools.cache
def documented_answers(method: str, template: str) -> Collection[str]:
    """Statuses that the document knows for that operation."""
    responses: Collection[str] = document()["paths"][template][method.lower()]["responses"]
    return responses


@functools.cache
def document() -> dict[str, Any]:
    return build_app(Settings()).openapi()


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def runner_row(world: World, runner_id: str) -> RunnerRow | None:
    async with world.database.read() as session:
        return await runners.find(session, runner_id)


async def fence_row(world: World, runner_id: str) -> None:
    async with world.database.write() as session:
        row = await runners.find(session, runner_id, lock=True)
        assert row is not None
        await fence(session, world.settings, row, world.clock(), "the test ends")


async def register_anew(world: World, name: str) -> None:
    """Registers the cluster, which another run may have left in the database, drained or not."""
    async with world.database.write() as session:
        row = await clusters.find(session, name)
        if row is not None:
            await session.delete(row)
    await register(world, name)


async def trials_with_attempts(world: World, sweep_id: str) -> list[tuple[TrialRow, Sequence[AttemptRow]]]:
    async with world.database.read() as session:
        rows = await trials.page(session, sweep_id)
        return [(row, await trials.attempts_of(session, row.id)) for row in rows]


async def reconcile_until_it_is_analysed(world: World, sweep_id: str) -> None:
    """Steps until nothing is left to run; making reports would take most of the test's time."""
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    for _ in range(600):
        if (await world.sweep(sweep_id)).state in {*FINISHED_STATES, SweepState.ANALYSING}:
            return
        world.clock.turn(1)
        await take_due_step(tools, "worker", world.clock())
    raise AssertionError("the sweep does not end")


def sqlite_ledger(migrated: Path, folder: Path) -> Database:
    shutil.copyfile(migrated, folder / "ledger.db")
    return Database(f"sqlite+aiosqlite:///{folder / 'ledger.db'}")


def postgres_ledger(url: str, _folder: Path) -> Database:
    return Database(url)


def machine_settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_api_does_what_the_model_says(migrated_sqlite: Path) -> None:
    run_state_machine_as_test(
        lambda: ApiMachine(functools.partial(sqlite_ledger, migrated_sqlite)), settings=machine_settings(8)
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_api_does_what_the_model_says_on_postgres(migrated_postgres: str) -> None:
    run_state_machine_as_test(
        lambda: ApiMachine(functools.partial(postgres_ledger, migrated_postgres)), settings=machine_settings(3)
    )

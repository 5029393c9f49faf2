"""What a runner does: ask for a trial, report what happened. Each call is one transaction, or load → work → apply."""

import asyncio
import hmac
from collections.abc import Callable
from datetime import datetime

from search_spaces.runner_protocol import AskAnswer, ReportAnswer, ReportRequest, StepResult, Wait
from search_spaces.sweep_spec import SweepSpec, count_trials
from service.db import runners, sweeps, trials
from service.db.database import Database, Session
from service.db.runners import RunnerRow
from service.errors import RunnerFenced, Unauthenticated
from service.ledger.ask import DRAW_AGAIN_SECONDS, DrawWanted, answer_ask, start_drawn
from service.ledger.history import load_history
from service.ledger.report import apply_report, attempts_to_stop, prune
from service.ledger.runners import renew_lease, token_sha256
from service.lifecycle import RunnerState
from service.search.pruning import should_prune
from service.search.suggestions import draw_next
from service.settings import Settings

Clock = Callable[[], datetime]


async def ask(
    database: Database, settings: Settings, clock: Clock, runner_id: str, token: str, tune_trial_id: str
) -> AskAnswer:
    """A trial, or to wait, or that there is nothing more. Raises Unauthenticated and RunnerFenced."""
    async with database.write() as session:
        runner = await _believed_runner(session, settings, runner_id, token, clock())
        answer = await answer_ask(session, settings, runner, tune_trial_id, clock())
    if not isinstance(answer, DrawWanted):
        return answer
    async with database.read() as session:
        history = await load_history(session, runner.sweep_id)
    if len(history) >= count_trials(answer.spec):
        return Wait(seconds=DRAW_AGAIN_SECONDS)
    drawn = await asyncio.to_thread(draw_next, answer.spec, history)
    async with database.write() as session:
        runner = await _believed_runner(session, settings, runner_id, token, clock())
        return await start_drawn(session, settings, runner, drawn, tune_trial_id, clock())


async def report(
    database: Database, settings: Settings, clock: Clock, runner_id: str, token: str, request: ReportRequest
) -> ReportAnswer:
    """Which attempts to stop. Raises Unauthenticated, RunnerFenced and ReportOutOfOrder."""
    async with database.write() as session:
        runner = await _believed_runner(session, settings, runner_id, token, clock())
        await apply_report(session, settings, runner, request, clock())
        sweep = await sweeps.find(session, runner.sweep_id)
        assert sweep is not None, f"a runner without a sweep: {runner_id}"
    hopeless = await _hopeless(database, sweep.spec, runner, request.results)
    if hopeless:
        async with database.write() as session:
            runner = await _believed_runner(session, settings, runner_id, token, clock())
            for tune_trial_id in hopeless:
                await prune(session, runner, tune_trial_id, clock())
    async with database.read() as session:
        return ReportAnswer(stop=await attempts_to_stop(session, runner, request), drain=runner.is_draining)


async def _believed_runner(
    session: Session, settings: Settings, runner_id: str, token: str, now: datetime
) -> RunnerRow:
    """The runner, its lease renewed; it and its sweep are locked, the sweep first as everywhere else."""
    runner = await runners.find(session, runner_id)
    if runner is None or not hmac.compare_digest(runner.token_sha256, token_sha256(token)):
        raise Unauthenticated("the runner's token is not known here")
    await sweeps.find(session, runner.sweep_id, lock=True)
    runner = await runners.find(session, runner_id, lock=True)
    assert runner is not None, f"runner {runner_id} vanished"
    if runner.state is RunnerState.FENCED:
        raise RunnerFenced(f"runner {runner_id} is fenced: {runner.reason}; stop every trial and exit")
    if runner.state is not RunnerState.FINISHED:
        renew_lease(runner, settings, now)
    return runner


async def _hopeless(database: Database, spec: SweepSpec, runner: RunnerRow, results: list[StepResult]) -> list[str]:
    """The attempts among the results that should be pruned: others promise more at the same epoch."""
    if spec.pruning.kind == "none" or not results:
        return []
    async with database.read() as session:
        history = await load_history(session, runner.sweep_id)
        numbers = {name: await _trial_number(session, runner, name) for name in {r.tune_trial_id for r in results}}
    running = {past.number: past for past in history if past.outcome is None}
    return [
        result.tune_trial_id
        for result in results
        if (past := running.get(numbers[result.tune_trial_id])) is not None
        and result.step in past.curve
        and await asyncio.to_thread(should_prune, spec, history, past, result.step)
    ]


async def _trial_number(session: Session, runner: RunnerRow, tune_trial_id: str) -> int:
    found = await trials.find_attempt(session, runner.id, tune_trial_id)
    return -1 if found is None else found[1].number

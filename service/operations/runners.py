"""What a runner does: ask for a trial, report what happened. Each call is one transaction, or load → work → apply."""

import asyncio
import hmac
from collections.abc import Callable
from datetime import datetime

from search_spaces.runner_protocol import AskAnswer, ReportAnswer, ReportRequest, StepResult, Wait
from search_spaces.sweep_spec import SweepSpec
from service.db import runners, sweeps, trials
from service.db.database import Database, Session
from service.db.runners import RunnerRow
from service.errors import RunnerFenced, Unauthenticated
from service.ledger.ask import DrawWanted, answer_ask, start_drawn
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
        answer = await answer_ask(session, runner, tune_trial_id, clock())
    if not isinstance(answer, DrawWanted):
        return answer
    async with database.read() as session:
        history = await load_history(session, runner.sweep_id)
    drawn = await asyncio.to_thread(draw_next, answer.spec, history)
    async with database.write() as session:
        runner = await _believed_runner(session, settings, runner_id, token, clock())
        return await start_drawn(session, runner, drawn, tune_trial_id, clock()) or Wait(seconds=0.1)


async def report(
    database: Database, settings: Settings, clock: Clock, runner_id: str, token: str, request: ReportRequest
) -> ReportAnswer:
    """Which attempts to stop. Raises Unauthenticated, RunnerFenced and ReportOutOfOrder."""
    async with database.write() as session:
        runner = await _believed_runner(session, settings, runner_id, token, clock())
        await apply_report(session, settings, runner, request, clock())
        sweep = await sweeps.find(session, runner.sweep_id)
        assert sweep is not None, f"a runner without a sweep: {runner_id}"
    if sweep.spec.pruning.kind != "none":
        await _prune_hopeless(database, sweep.spec, runner, request.results, clock)
    async with database.read() as session:
        return ReportAnswer(stop=await attempts_to_stop(session, runner, request))


async def _believed_runner(
    session: Session, settings: Settings, runner_id: str, token: str, now: datetime
) -> RunnerRow:
    """The runner, locked, its lease renewed."""
    runner = await runners.find(session, runner_id, lock=True)
    if runner is None or not hmac.compare_digest(runner.token_sha256, token_sha256(token)):
        raise Unauthenticated("the runner's token is not known here")
    if runner.state is RunnerState.FENCED:
        raise RunnerFenced(f"runner {runner_id} is fenced: {runner.reason}; stop every trial and exit")
    if runner.state is not RunnerState.FINISHED:
        renew_lease(runner, settings, now)
    return runner


async def _prune_hopeless(
    database: Database, spec: SweepSpec, runner: RunnerRow, results: list[StepResult], clock: Clock
) -> None:
    """Ends the trials whose new results show that others promise more."""
    async with database.read() as session:
        history = await load_history(session, runner.sweep_id)
        numbers = {name: await _trial_number(session, runner, name) for name in {r.tune_trial_id for r in results}}
    by_number = {past.number: past for past in history}
    for result in results:
        past = by_number.get(numbers[result.tune_trial_id])
        if past is None or past.outcome is not None or result.step not in past.curve:
            continue
        if await asyncio.to_thread(should_prune, spec, history, past, result.step):
            async with database.write() as session:
                await prune(session, runner, result.tune_trial_id, clock())


async def _trial_number(session: Session, runner: RunnerRow, tune_trial_id: str) -> int:
    found = await trials.find_attempt(session, runner.id, tune_trial_id)
    return -1 if found is None else found[1].number

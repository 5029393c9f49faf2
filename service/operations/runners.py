"""What a runner does: ask for a trial, report what happened. Each call is one transaction, or load → work → apply."""

import hmac
from collections.abc import Callable
from datetime import datetime

from search_spaces.runner_protocol import AskAnswer, ReportAnswer, ReportRequest, StepResult, Wait
from search_spaces.sweep_spec import SweepSpec, count_trials
from service.db import runners, sweeps, trials
from service.db.database import Database, Session
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.errors import RunnerFenced, Unauthenticated
from service.ledger.ask import DRAW_AGAIN_SECONDS, DrawWanted, answer_ask, start_drawn
from service.ledger.history import load_curves, load_earlier, load_history
from service.ledger.report import apply_report, prune
from service.ledger.runners import renew_lease, token_sha256
from service.lifecycle import RunnerState
from service.search.pruning import should_prune
from service.search.suggestions import draw_next
from service.settings import Settings
from service.threads import Work, in_thread

Clock = Callable[[], datetime]


async def ask(
    database: Database, settings: Settings, clock: Clock, runner_id: str, token: str, tune_trial_id: str
) -> AskAnswer:
    """A trial, or to wait, or that there is nothing more. Raises Unauthenticated and RunnerFenced."""
    async with database.write() as session:
        sweep, runner = await _believed_runner(session, settings, clock, runner_id, token)
        answer = await answer_ask(session, settings, sweep, runner, tune_trial_id, clock())
    if not isinstance(answer, DrawWanted):
        return answer
    async with database.read() as session:
        history = await load_history(session, runner.sweep_id, answer.spec)
        earlier = await load_earlier(session, answer.spec)
    if len(history) >= count_trials(answer.spec):
        return Wait(seconds=DRAW_AGAIN_SECONDS)
    drawn = await in_thread(Work.DRAWS, draw_next, answer.spec, history, earlier)
    async with database.write() as session:
        sweep, runner = await _believed_runner(session, settings, clock, runner_id, token)
        return await start_drawn(session, settings, sweep, runner, drawn, tune_trial_id, clock())


async def report(
    database: Database, settings: Settings, clock: Clock, runner_id: str, token: str, request: ReportRequest
) -> ReportAnswer:
    """Which attempts to stop. Raises Unauthenticated, RunnerFenced and ReportOutOfOrder."""
    async with database.write() as session:
        sweep, runner = await _believed_runner(session, settings, clock, runner_id, token)
        spec = sweep.spec
        ended = await apply_report(session, settings, sweep, spec, runner, request, clock())
    hopeless = await _hopeless(database, spec, runner, request.results)
    if hopeless:
        async with database.write() as session:
            _sweep, runner = await _believed_runner(session, settings, clock, runner_id, token)
            await prune(session, runner, hopeless, clock())
    return ReportAnswer(stop=sorted(ended.union(hopeless)), drain=runner.is_draining)


async def _believed_runner(
    session: Session, settings: Settings, clock: Clock, runner_id: str, token: str
) -> tuple[SweepRow, RunnerRow]:
    """The runner, its lease renewed, with its sweep; both are locked, the sweep first as everywhere else."""
    runner = await runners.find(session, runner_id)
    if runner is None or not hmac.compare_digest(runner.token_sha256, token_sha256(token)):
        raise Unauthenticated("the runner's token is not known here")
    sweep = await sweeps.get(session, runner.sweep_id, lock=True)
    runner = await runners.find(session, runner_id, lock=True)
    assert runner is not None, f"runner {runner_id} vanished"
    if runner.state is RunnerState.FENCED:
        raise RunnerFenced(f"runner {runner_id} is fenced: {runner.reason}; stop every trial and exit")
    if runner.state is not RunnerState.FINISHED:
        # The time is read once the sweep is locked: a lease that was given by an earlier one may have ended.
        renew_lease(runner, settings, clock())
    return sweep, runner


async def _hopeless(database: Database, spec: SweepSpec, runner: RunnerRow, results: list[StepResult]) -> list[str]:
    """The attempts among the results that should be pruned: others promise more at the same epoch."""
    measured = [result for result in results if spec.score_metric.name in result.metrics]
    if spec.pruning.kind == "none" or not measured:
        return []
    async with database.read() as session:
        attempts = await trials.find_attempts(session, runner.id, {result.tune_trial_id for result in measured})
        judged = {name: trial for name, (attempt, trial) in attempts.items() if attempt.ended_at is None}
        arms = {trial.arm for trial in judged.values()}
        curves = {arm: await load_curves(session, runner.sweep_id, spec, arm) for arm in arms}
    return [
        result.tune_trial_id
        for result in measured
        if (trial := judged.get(result.tune_trial_id)) is not None
        and await in_thread(Work.DRAWS, should_prune, spec, trial.arm, curves[trial.arm], trial.number, result.step)
    ]

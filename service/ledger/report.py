"""A runner reports: results, outcomes and losses are counted once, from the runner that is believed."""

from datetime import datetime

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import LostTrial, ReportRequest, StepResult, TrialEnding
from search_spaces.sweep_spec import SweepSpec
from service.db import events, results, trials
from service.db.database import Session
from service.db.results import ResultRow
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow
from service.errors import ReportOutOfOrder
from service.ledger.outcomes import end_attempt, end_trial, lose_attempt
from service.ledger.runners import finish
from service.lifecycle import RunnerState, TrialState
from service.settings import Settings


async def apply_report(
    session: Session,
    settings: Settings,
    sweep: SweepRow,
    spec: SweepSpec,
    runner: RunnerRow,
    report: ReportRequest,
    now: datetime,
) -> None:
    """Counts what is new in the report. A sequence that was counted before changes nothing.

    The sweep, whose spec is `spec`, and the runner are locked. Raises ReportOutOfOrder when an earlier one is missing.
    """
    if report.sequence <= runner.last_sequence:
        return
    if report.sequence > runner.last_sequence + 1:
        expected = runner.last_sequence + 1
        raise ReportOutOfOrder(f"sequence {report.sequence} came before {expected}; accepted: {expected}")
    runner.last_sequence = report.sequence
    for result in report.results:
        await _count_result(session, runner, result, now)
    for ending in report.outcomes:
        await _count_outcome(session, runner, ending, spec, now)
    for loss in report.lost:
        await _count_loss(session, settings, runner, loss, now)
    if report.outcomes or report.lost:
        sweep.due_at = now
    if runner.is_draining and runner.state is RunnerState.LIVE and not await trials.open_attempts(session, runner.id):
        await finish(session, runner, now)


async def attempts_to_stop(session: Session, runner: RunnerRow, report: ReportRequest) -> list[str]:
    """Attempts that report results although their trial has ended."""
    names = {result.tune_trial_id for result in report.results}
    return sorted([name for name in names if await _open_attempt(session, runner, name) is None])


async def prune(session: Session, runner: RunnerRow, tune_trial_id: str, now: datetime) -> None:
    """Ends a running trial early because others promise more; nothing happens if it has ended meanwhile."""
    found = await _open_attempt(session, runner, tune_trial_id)
    if found is None:
        return
    attempt, trial = found
    end_attempt(attempt, trial, Outcome.PRUNED, attempt.device_seconds, now)
    await end_trial(session, trial, Outcome.PRUNED, now, reason="pruned: others promise more at the same epoch")


async def _count_result(session: Session, runner: RunnerRow, result: StepResult, now: datetime) -> None:
    found = await _open_attempt(session, runner, result.tune_trial_id)
    if found is None:
        await _charge_late(session, runner, result, now)
        return
    attempt, trial = found
    runner.progress += 1
    attempt.device_seconds = max(attempt.device_seconds, result.attempt_device_seconds)
    trial.image_passes = max(trial.image_passes, result.image_passes)
    trial.checkpoint = result.checkpoint or trial.checkpoint
    if await results.find(session, trial.id, result.step) is not None:
        return
    row = ResultRow(
        trial_id=trial.id,
        step=result.step,
        metrics=result.metrics,
        image_passes=result.image_passes,
        device_seconds=result.device_seconds,
        reported_at=now,
    )
    session.add(row)
    await events.append(
        session, trial.sweep_id, "trial.step", now, number=trial.number, step=result.step, metrics=result.metrics
    )


async def _charge_late(session: Session, runner: RunnerRow, result: StepResult, now: datetime) -> None:
    """A pruned trial trains on until it hears of it: that time was spent too."""
    found = await trials.find_attempt(session, runner.id, result.tune_trial_id)
    if found is None or result.attempt_device_seconds <= found[0].device_seconds:
        return
    attempt, trial = found
    trial.device_seconds += result.attempt_device_seconds - attempt.device_seconds
    attempt.device_seconds = result.attempt_device_seconds
    await events.append(
        session, trial.sweep_id, "trial.charged", now, number=trial.number, device_seconds=trial.device_seconds
    )


async def _count_outcome(
    session: Session, runner: RunnerRow, ending: TrialEnding, spec: SweepSpec, now: datetime
) -> None:
    found = await _open_attempt(session, runner, ending.tune_trial_id)
    if found is None:
        return
    attempt, trial = found
    end_attempt(attempt, trial, ending.outcome, max(attempt.device_seconds, ending.attempt_device_seconds), now)
    runner.progress += 1
    missing = [metric.name for metric in spec.metrics if metric.name not in ending.scores]
    if ending.outcome is Outcome.COMPLETED and missing:
        reason = f"completed without the sweep's metric {missing[0]}"
        await end_trial(session, trial, Outcome.FAILED, now, reason=reason, scores=ending.scores, facts=ending.facts)
        return
    await end_trial(
        session,
        trial,
        ending.outcome,
        now,
        reason=ending.reason,
        scores=ending.scores,
        score=ending.scores.get(spec.score_metric.name),
        facts=ending.facts,
    )


async def _count_loss(session: Session, settings: Settings, runner: RunnerRow, loss: LostTrial, now: datetime) -> None:
    found = await _open_attempt(session, runner, loss.tune_trial_id)
    if found is not None:
        drained = runner.is_draining
        await lose_attempt(
            session, settings, *found, now, loss.reason, heard_seconds=runner.heard_seconds, is_drained=drained
        )


async def _open_attempt(session: Session, runner: RunnerRow, tune_trial_id: str) -> tuple[AttemptRow, TrialRow] | None:
    """The attempt and its trial, while the trial runs under this runner; the ledger believes nobody else."""
    found = await trials.find_attempt(session, runner.id, tune_trial_id)
    if found is None or found[0].ended_at is not None:
        return None
    assert found[1].state is TrialState.RUNNING, f"an open attempt of a trial that does not run: {tune_trial_id}"
    return found

"""A runner reports: results, outcomes and losses are counted once, from the runner that is believed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import LostTrial, ReportRequest, StepResult, TrialEnding
from search_spaces.sweep_spec import SweepSpec
from service.db import events, results, trials
from service.db.database import Session
from service.db.events import News
from service.db.results import ResultRow
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow
from service.errors import ReportOutOfOrder
from service.ledger.outcomes import end_attempt, end_trial, lose_attempt
from service.ledger.runners import finish
from service.lifecycle import FINISHED_STATES, RunnerState, TrialState
from service.settings import Settings

PRUNED = "pruned: others promise more at the same epoch"


@dataclass(frozen=True)
class _Reported:
    """One report, with all that the ledger knows of what it names: looked up at once, however much that is."""

    session: Session
    settings: Settings
    sweep: SweepRow
    spec: SweepSpec
    runner: RunnerRow
    now: datetime
    attempts: dict[str, tuple[AttemptRow, TrialRow]]
    """By what the runner calls them; some may have ended."""
    measured: set[tuple[int, int]]
    """(trial id, step) of every result that was counted already."""
    news: list[News]
    """What the report tells that was not known: written at once, when all of it has been counted."""

    def open_attempt(self, tune_trial_id: str) -> tuple[AttemptRow, TrialRow] | None:
        """The attempt and its trial, while the trial runs under this runner; the ledger believes nobody else."""
        attempt, trial = self.attempts.get(tune_trial_id, (None, None))
        if attempt is None or trial is None or attempt.ended_at is not None:
            return None
        assert trial.state is TrialState.RUNNING, f"an open attempt of a trial that does not run: {tune_trial_id}"
        return attempt, trial


async def apply_report(
    session: Session,
    settings: Settings,
    sweep: SweepRow,
    spec: SweepSpec,
    runner: RunnerRow,
    report: ReportRequest,
    now: datetime,
) -> set[str]:
    """Counts what is new in the report: a sequence that was counted before changes nothing. The attempts to stop.

    Those are attempts that report results although their trial has ended. The sweep, whose spec is `spec`, and the
    runner are locked. Raises ReportOutOfOrder when an earlier report is missing.
    """
    if report.sequence > runner.last_sequence + 1:
        expected = runner.last_sequence + 1
        raise ReportOutOfOrder(f"sequence {report.sequence} came before {expected}; accepted: {expected}")
    reported = await _look_up(session, settings, sweep, spec, runner, report, now)
    if report.sequence == runner.last_sequence + 1:
        runner.last_sequence = report.sequence
        await _count(reported, report)
    return {result.tune_trial_id for result in report.results if reported.open_attempt(result.tune_trial_id) is None}


async def prune(session: Session, runner: RunnerRow, tune_trial_ids: Collection[str], now: datetime) -> None:
    """Ends running trials early because others promise more; those that have ended meanwhile stay as they are."""
    news = []
    for attempt, trial in (await trials.find_attempts(session, runner.id, tune_trial_ids)).values():
        if attempt.ended_at is None:
            end_attempt(attempt, trial, Outcome.PRUNED, attempt.device_seconds, now)
            news.append(end_trial(trial, Outcome.PRUNED, now, reason=PRUNED))
    await events.append_many(session, runner.sweep_id, news, now)


async def _look_up(
    session: Session,
    settings: Settings,
    sweep: SweepRow,
    spec: SweepSpec,
    runner: RunnerRow,
    report: ReportRequest,
    now: datetime,
) -> _Reported:
    named: list[StepResult | TrialEnding | LostTrial] = [*report.results, *report.outcomes, *report.lost]
    names = {item.tune_trial_id for item in named}
    attempts = await trials.find_attempts(session, runner.id, names) if names else {}
    places = {
        (attempts[result.tune_trial_id][1].id, result.step)
        for result in report.results
        if result.tune_trial_id in attempts
    }
    measured = await results.known(session, places) if places else set()
    return _Reported(session, settings, sweep, spec, runner, now, attempts, measured, news=[])


async def _count(reported: _Reported, report: ReportRequest) -> None:
    for result in report.results:
        _count_result(reported, result)
    for ending in report.outcomes:
        _count_outcome(reported, ending)
    for loss in report.lost:
        _count_loss(reported, loss)
    runner, session = reported.runner, reported.session
    await events.append_many(session, reported.sweep.id, reported.news, reported.now)
    if report.outcomes or report.lost:
        reported.sweep.due_at = reported.now
    if runner.is_draining and runner.state is RunnerState.LIVE and not await trials.open_attempts(session, runner.id):
        await finish(session, runner, reported.now)


def _count_result(reported: _Reported, result: StepResult) -> None:
    found = reported.open_attempt(result.tune_trial_id)
    if found is None:
        _charge_late(reported, result)
        return
    attempt, trial = found
    reported.runner.progress += 1
    attempt.device_seconds = max(attempt.device_seconds, result.attempt_device_seconds)
    trial.image_passes = max(trial.image_passes, result.image_passes)
    trial.checkpoint = result.checkpoint or trial.checkpoint
    if (trial.id, result.step) not in reported.measured:
        reported.measured.add((trial.id, result.step))
        _keep(reported, trial, result)


def _keep(reported: _Reported, trial: TrialRow, result: StepResult) -> None:
    row = ResultRow(
        trial_id=trial.id,
        step=result.step,
        metrics=result.metrics,
        image_passes=result.image_passes,
        device_seconds=result.device_seconds,
        reported_at=reported.now,
    )
    reported.session.add(row)
    told = {"number": trial.number, "step": result.step, "metrics": result.metrics}
    reported.news.append(News("trial.step", told))


def _charge_late(reported: _Reported, result: StepResult) -> None:
    """A pruned trial trains on until it hears of it: that time was spent too, unless the books are closed."""
    if reported.sweep.state in FINISHED_STATES:
        return
    found = reported.attempts.get(result.tune_trial_id)
    if found is None or result.attempt_device_seconds <= found[0].device_seconds:
        return
    attempt, trial = found
    trial.device_seconds += result.attempt_device_seconds - attempt.device_seconds
    attempt.device_seconds = result.attempt_device_seconds
    charged = {"number": trial.number, "device_seconds": trial.device_seconds}
    reported.news.append(News("trial.charged", charged))


def _count_outcome(reported: _Reported, ending: TrialEnding) -> None:
    found = reported.open_attempt(ending.tune_trial_id)
    if found is None:
        return
    attempt, trial = found
    outcome, reason, score = _judge(reported.spec, ending)
    spent = max(attempt.device_seconds, ending.attempt_device_seconds)
    end_attempt(attempt, trial, outcome, spent, reported.now)
    reported.runner.progress += 1
    ended = end_trial(
        trial, outcome, reported.now, reason=reason, scores=ending.scores, score=score, facts=ending.facts
    )
    reported.news.append(ended)


def _judge(spec: SweepSpec, ending: TrialEnding) -> tuple[Outcome, str | None, float | None]:
    """Outcome, reason and score: a trial that completed without a metric of the sweep has failed."""
    missing = [metric.name for metric in spec.metrics if metric.name not in ending.scores]
    if ending.outcome is Outcome.COMPLETED and missing:
        return Outcome.FAILED, f"completed without the sweep's metric {missing[0]}", None
    return ending.outcome, ending.reason, ending.scores.get(spec.score_metric.name)


def _count_loss(reported: _Reported, loss: LostTrial) -> None:
    found = reported.open_attempt(loss.tune_trial_id)
    if found is not None:
        heard, drained = reported.runner.heard_seconds, reported.runner.is_draining
        lost = lose_attempt(
            reported.settings, *found, reported.now, loss.reason, heard_seconds=heard, is_drained=drained
        )
        reported.news.extend(lost)

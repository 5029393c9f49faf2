"""What the ledger tells a scraper: its totals as families of metrics, read at most every few seconds."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from search_spaces.outcomes import Outcome
from service.db import totals
from service.db.database import Database, Session
from service.db.totals import RunningTotal
from service.lifecycle import RunnerState, SweepState, TrialState

FRESH_SECONDS = 5.0
"""Several scrapers, or an impatient one, cost the database no more than one."""


class LedgerTotals:
    """The families, kept for a moment."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._families: Sequence[Metric] = ()
        self._read_at = float("-inf")

    async def families(self, database: Database, now: datetime) -> Sequence[Metric]:
        """The totals as they are now, or were a moment ago. Raises DatabaseUnavailable."""
        async with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS:
                async with database.read() as session:
                    running = await totals.running_by_cluster(session)
                    families = [*await _work(session, running), *await _places(session, running)]
                    self._families = [*families, *await _backlogs(session, now)]
                self._read_at = time.monotonic()
            return self._families


async def _work(session: Session, running: Sequence[RunningTotal]) -> list[Metric]:
    """Sweeps, trials and what they have cost. What no trial has come to is 0, so that the first is seen to come."""
    states = await totals.sweeps_by_state(session)
    trials = await totals.trials_by_outcome(session)
    device_seconds = sum(total.device_seconds for total in trials) + sum(total.device_seconds for total in running)
    ended = {total.outcome: total.trials for total in trials}
    planned = sum(total.trials for total in trials if total.state is TrialState.PLANNED)
    return [
        _gauge("sweeps", "Sweeps by state.", ["state"], [((s.value,), states.get(s, 0)) for s in SweepState]),
        _gauge(
            "trials_ended",
            "Trials that have ended, by outcome.",
            ["outcome"],
            [((outcome.value,), ended.get(outcome, 0)) for outcome in Outcome],
        ),
        _gauge("trials_planned", "Trials that wait for a runner.", [], [((), planned)]),
        _gauge("device_seconds", "Device-seconds of every attempt in the ledger.", [], [((), device_seconds)]),
    ]


async def _places(session: Session, running: Sequence[RunningTotal]) -> list[Metric]:
    """Where the work is done; every cluster that has ever had a runner, whether it has one now or not."""
    runners = await totals.runners_by_cluster(session)
    healthy = await totals.healthy_clusters(session)
    clusters = sorted({cluster for cluster, _state in runners})
    attempts = {total.cluster: total.attempts for total in running}
    return [
        _gauge(
            "trials_running",
            "Trials that run, by cluster.",
            ["cluster"],
            [((cluster,), attempts.get(cluster, 0)) for cluster in clusters],
        ),
        _gauge(
            "runners",
            "Runners by cluster and state; fenced ones were taken for dead.",
            ["cluster", "state"],
            [((c, state.value), runners.get((c, state), 0)) for c in clusters for state in RunnerState],
        ),
        _gauge(
            "cluster_healthy",
            "1 where the cluster answered when it was asked last.",
            ["cluster"],
            [((name,), float(is_healthy)) for name, is_healthy in healthy.items()],
        ),
    ]


async def _backlogs(session: Session, now: datetime) -> list[Metric]:
    """What waits to be told to others."""
    outbox = await totals.outbox(session)
    oldest_seconds = 0.0 if outbox.oldest_at is None else (now - outbox.oldest_at).total_seconds()
    behind = await totals.events_behind(session)
    return [
        _gauge("mlflow_events_behind", "Events that MLflow does not show yet.", [], [((), behind)]),
        _gauge("webhook_outbox", "Messages of webhooks to be sent.", [], [((), outbox.waiting)]),
        _gauge("webhook_outbox_oldest_seconds", "Age of the oldest of them.", [], [((), oldest_seconds)]),
    ]


def _gauge(
    name: str, help_text: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"supsweep_{name}", help_text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family

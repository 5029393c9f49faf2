"""What is done with reports: made from the ledger, handed out in every form."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from search_spaces.datasets import facts_of
from search_spaces.metrics import METRICS
from service.db import reports, results, trials
from service.db.database import Database, Session
from service.db.reports import ReportRow
from service.db.results import ResultRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow as LedgerTrial
from service.errors import ReportNotReady
from service.lifecycle import FINISHED_STATES
from service.robustness.html import render_html
from service.robustness.markdown import render_markdown
from service.robustness.report import build_report
from service.robustness.trials import CurvePoint, SweepHeader, TrialRow


async def get_report(session: Session, sweep: SweepRow) -> ReportRow:
    """The report in all its forms. Raises ReportNotReady before the sweep has been analysed."""
    report = await reports.find(session, sweep.id)
    if report is None:
        raise _not_ready(sweep)
    return report


async def get_report_json(session: Session, sweep: SweepRow) -> str:
    """The numbers of the report. Raises ReportNotReady before the sweep has been analysed."""
    document = await reports.find_json(session, sweep.id)
    if document is None:
        raise _not_ready(sweep)
    return document


async def make_report(
    database: Database, sweep: SweepRow, now: datetime, goes_on: Callable[[], None] = lambda: None
) -> ReportRow:
    """The report of a sweep whose trials have all ended, from the ledger alone; calls `goes_on` piece by piece."""
    async with database.read() as session:
        rows = await trials.page(session, sweep.id)
        curves = await results.of_sweep(session, sweep.id)
    metric = sweep.spec.score_metric.name
    facts = [trial_fact(row, curves.get(row.id, []), metric) for row in rows]
    report = await asyncio.to_thread(build_report, header_of(sweep), facts, goes_on=goes_on)
    return ReportRow(
        sweep_id=sweep.id,
        json=report.model_dump_json(),
        markdown=render_markdown(report),
        html=await asyncio.to_thread(render_html, report, goes_on=goes_on),
        created_at=now,
    )


def header_of(sweep: SweepRow) -> SweepHeader:
    """What the report knows of the sweep."""
    spec = sweep.spec
    metric = METRICS[spec.score_metric.name]
    return SweepHeader(
        sweep_id=sweep.id,
        name=sweep.name,
        dataset=spec.dataset.name,
        metric=metric.name,
        goal=metric.goal,
        chance_level=metric.chance_level(facts_of(spec.dataset).classes),
        arms=tuple(arm.name for arm in spec.arms),
        design=spec.design.kind,
        match=spec.design.match,
        note=sweep.cut_reason,
        further_metrics=tuple(further.name for further in spec.metrics[1:]),
    )


def trial_fact(row: LedgerTrial, curve: list[ResultRow], metric: str) -> TrialRow:
    """What the report knows of a trial; its curve is that of the sweep's metric."""
    return TrialRow(
        number=row.number,
        arm=row.arm,
        point=row.point,
        replicate=row.replicate,
        seed=row.config.seed,
        outcome=row.outcome,
        reason=row.reason,
        score=row.score,
        scores=row.scores,
        image_passes=row.image_passes,
        device_seconds=row.device_seconds,
        attempts=row.attempts,
        config=row.config,
        curve=tuple(
            CurvePoint(point.step, point.image_passes, point.device_seconds, point.metrics[metric])
            for point in curve
            if metric in point.metrics
        ),
    )


def _not_ready(sweep: SweepRow) -> ReportNotReady:
    if sweep.failed_without_cut:
        return ReportNotReady(f"sweep {sweep.id} failed: {sweep.state_reason}; retry-failed tries to make it again")
    if sweep.state in FINISHED_STATES:
        return ReportNotReady(f"sweep {sweep.id} is {sweep.state.value}: it ended without a report")
    return ReportNotReady(f"sweep {sweep.id} is {sweep.state.value}; its report comes when every trial has ended")

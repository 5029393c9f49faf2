"""What a person does before a sweep: look at its plan, its cost, and what it could tell. Nothing is written."""

import asyncio

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from service.clusters.registry import ClusterRegistry
from service.db import sweeps, trials
from service.db.database import Database
from service.db.trials import TrialFilter, TrialRow
from service.operations.admission import plan_sweep
from service.operations.outlook import describe_plan
from service.schemas.preview import PlanPreview
from service.search.costs import PastTrial, setting_of, work_of
from service.settings import Settings

RECENT_SWEEPS = 30
TRIALS_PER_SWEEP = 100
"""What is read to judge a cost by: an owner with a million trials waits no longer than one with a thousand."""


async def preview_sweep(
    database: Database, settings: Settings, clusters: ClusterRegistry, spec: SweepSpec, *, owner: str
) -> PlanPreview:
    """What the spec would make the service do, judged by the owner's own finished trials.

    Raises what `plan_sweep` does, as its submission would.
    """
    plan = await plan_sweep(database, settings, clusters, spec, owner)
    past = await _past_trials(database, spec, owner)
    return await asyncio.to_thread(describe_plan, spec, plan, past)


async def _past_trials(database: Database, spec: SweepSpec, owner: str) -> list[PastTrial]:
    """Completed trials of the owner's newest sweeps on the same dataset."""
    past: list[PastTrial] = []
    completed = TrialFilter(outcome=Outcome.COMPLETED)
    async with database.read() as session:
        for sweep in await sweeps.newest_on_dataset(session, owner, spec.dataset.name, limit=RECENT_SWEEPS):
            rows = await trials.page(session, sweep.id, limit=TRIALS_PER_SWEEP, matching=completed)
            spec_then = sweep.spec
            # What trained for a time says nothing of how long an epoch takes.
            past += [_past_trial(spec_then, row) for row in rows if row.config.device_seconds is None]
    return past


def _past_trial(spec: SweepSpec, row: TrialRow) -> PastTrial:
    config = row.config
    setting = setting_of(config, spec.dataset, spec.resources)
    return PastTrial(setting, row.device_seconds / work_of(config, spec.dataset))

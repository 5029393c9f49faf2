"""What a spec must pass before it becomes a sweep, the same for its preview: what the spec alone cannot know."""

import asyncio
from collections.abc import Sequence

from search_spaces.sweep_spec import SweepSpec
from service.clusters.registry import ClusterRegistry
from service.db import sweeps
from service.db.database import Database, Session
from service.errors import NotFound
from service.ledger.history import load_earlier
from service.operations.dataset_roots import check_dataset_root
from service.search.designs import PlannedTrial, plan_trials
from service.search.study import PastTrial
from service.search.suggestions import draw_next
from service.search.warm_start import check_warm_start
from service.settings import Settings


async def plan_sweep(
    database: Database, settings: Settings, clusters: ClusterRegistry, spec: SweepSpec, owner: str
) -> list[PlannedTrial]:
    """The trials that can be planned now; none of a search, which draws as it goes. Waits for no cluster.

    Raises InvalidRequest for a dataset that may not be opened, UnknownCluster, NotFound and CannotWarmStart for its
    warm_start, and CannotMatch.
    """
    check_dataset_root(settings, spec)
    async with database.read() as session:
        await clusters.check_choices(session, spec.clusters)
        earlier = await _load_earlier(session, spec, owner)
    return await asyncio.to_thread(_plan, spec, earlier)


async def _load_earlier(session: Session, spec: SweepSpec, owner: str) -> list[PastTrial]:
    """The trials that a search starts from. Raises NotFound for another's sweep too, and CannotWarmStart."""
    if spec.warm_start is None:
        return []
    sweep = await sweeps.find(session, spec.warm_start)
    if sweep is None or sweep.owner != owner:
        raise NotFound(f"warm_start: no sweep {spec.warm_start!r}; accepted: the id of a sweep of yours")
    earlier = await load_earlier(session, spec)
    check_warm_start(spec, sweep.spec, earlier)
    return earlier


def _plan(spec: SweepSpec, earlier: Sequence[PastTrial]) -> list[PlannedTrial]:
    """The first draw of a search only shows that it can be drawn."""
    if spec.design.kind != "search":
        return plan_trials(spec)
    draw_next(spec, [], earlier)
    return []

"""Several workers that train one trial together: Ray actors in the trial's own placement group, led epoch by epoch.

The leader is the trial's Tune actor. Tune schedules the group as a whole and frees it as a whole; the workers end with
their leader.
"""

from collections.abc import Generator
from typing import Any

import ray
from ray.util import get_current_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from search_spaces.outcomes import Outcome
from trainers.run_trial import Ending, EpochEnd
from trainers.runner.attempt import Attempt
from trainers.runner.worker import GangWorker

BROKEN = {Outcome.FAILED, Outcome.INFEASIBLE}
"""What one worker may come to while the others wait for it; the other outcomes they reach together."""
LAST_WORD_SECONDS = 10.0
"""What the others get then. A process that dies breaks the exchange of those that live: its death must be heard too."""
JOIN_SECONDS = 600.0
"""For all workers to start, import PyTorch and find each other."""


def lead_gang(attempt: Attempt) -> Generator[EpochEnd | Ending]:
    """What the first worker has to tell after each epoch, and the ending. Close it to end the workers.

    Raises ray.exceptions.RayActorError when a worker's process has died.
    """
    workers = [_hire(attempt, rank) for rank in range(attempt.resources.workers)]
    try:
        address, port = ray.get(workers[0].meet.remote(), timeout=JOIN_SECONDS)
        joins = [worker.join.remote(attempt, rank, address, port) for rank, worker in enumerate(workers)]
        ray.get(joins, timeout=JOIN_SECONDS)
        while True:
            yield _advance(workers)
    finally:
        for worker in workers:
            ray.kill(worker)


def _hire(attempt: Attempt, rank: int) -> Any:
    """An actor in the bundle of its rank; the leader itself takes none."""
    strategy = PlacementGroupSchedulingStrategy(get_current_placement_group(), placement_group_bundle_index=rank)
    return (
        ray.remote(GangWorker)
        .options(
            num_cpus=attempt.resources.cpus_per_worker,
            num_gpus=attempt.resources.gpus_per_worker,
            scheduling_strategy=strategy,
        )
        .remote()
    )


def _advance(workers: list[Any]) -> EpochEnd | Ending:
    """Of the first worker, or the ending of the first one that broke."""
    advances = [worker.advance.remote() for worker in workers]
    pending, broken = advances, None
    while pending:
        ready, pending = ray.wait(pending, timeout=None if broken is None else LAST_WORD_SECONDS)
        if not ready:
            break
        [advance] = ray.get(ready)
        if broken is None and isinstance(advance, Ending) and advance.outcome in BROKEN:
            broken = advance
    first: EpochEnd | Ending = ray.get(advances[0]) if broken is None else broken
    return first

"""Several workers that train one trial together: Ray actors in the trial's own placement group, led epoch by epoch.

The leader is the trial's Tune actor. Tune schedules the group as a whole and frees it as a whole; the workers end with
their leader.
"""

from collections.abc import Generator
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util import get_current_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from search_spaces.outcomes import Outcome
from trainers.run_trial import Ending, EpochEnd
from trainers.runner.attempt import Attempt, WorkerLost
from trainers.runner.worker import GangWorker

JOIN_SECONDS = 600.0
"""For all workers to start, import PyTorch and find each other."""
ANSWER_SECONDS = 60.0
"""How long a worker may take to say that it is there. Ray declares a node dead after about half of it."""


def lead_gang(attempt: Attempt) -> Generator[EpochEnd | Ending]:
    """What the first worker has to tell after each epoch, and the ending. Close it to end the workers.

    Start-up and the time between two epochs are not the trial's. Raises WorkerLost.
    """
    workers = [_hire(attempt, rank) for rank in range(attempt.resources.workers)]
    try:
        _meet(workers, attempt)
        while True:
            yield _advance(workers)
    finally:
        # Killed, not asked to leave: they may be waiting for one that will never answer.
        for worker in workers:
            ray.kill(worker)


def _hire(attempt: Attempt, rank: int) -> Any:
    """An actor in the bundle of its rank; the leader itself takes none."""
    resources = attempt.resources
    options = {
        "num_cpus": resources.cpus_per_worker,
        "num_gpus": resources.gpus_per_worker,
        "scheduling_strategy": PlacementGroupSchedulingStrategy(
            get_current_placement_group(), placement_group_bundle_index=rank
        ),
        "concurrency_groups": {"watch": 1},
    }
    return ray.remote(**options)(GangWorker).remote()


def _meet(workers: list[Any], attempt: Attempt) -> None:
    try:
        address, port = ray.get(workers[0].meet.remote(), timeout=JOIN_SECONDS)
        joins = [worker.join.remote(attempt, rank, address, port) for rank, worker in enumerate(workers)]
        ray.get(joins, timeout=JOIN_SECONDS)
    except RayError as error:
        raise WorkerLost(f"the {len(workers)} workers did not meet: {error}") from error


def _advance(workers: list[Any]) -> EpochEnd | Ending:
    """Of the first worker; or the first ending that is no success, for the others may wait for it in vain."""
    advances = pending = [worker.advance.remote() for worker in workers]
    while pending:
        ready, pending = ray.wait(pending)
        advance = _answer(ready[0])
        if isinstance(advance, Ending) and advance.outcome is not Outcome.COMPLETED:
            _check_all_alive(workers)
            return advance
    first: EpochEnd | Ending = _answer(advances[0])
    return first


def _check_all_alive(workers: list[Any]) -> None:
    """A worker whose partner dies fails too, perhaps before Ray has noticed the death."""
    for worker in workers:
        _answer(worker.is_alive.remote(), ANSWER_SECONDS)


def _answer(answer: Any, seconds: float | None = None) -> Any:
    try:
        return ray.get(answer, timeout=seconds)
    except RayError as error:
        raise WorkerLost(f"a worker was lost: {error}") from error

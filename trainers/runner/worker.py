"""One process that trains: alone in its Tune actor, or one of a gang's workers. Imports PyTorch: seconds."""

import logging
import os
import time
from pathlib import Path

import ray
import torch
from ray.util import get_node_ip_address

from search_spaces.datasets import DatasetSpec
from search_spaces.locations import below
from trainers.build.dataset_files import bring_files
from trainers.distributed import ALONE, World, meeting_point
from trainers.run_trial import Ending, EpochEnd, TrialRun
from trainers.runner.attempt import Attempt, WorkerLost, folder_of
from trainers.runner.entrypoint import forget_token

log = logging.getLogger(__name__)

PAUSES_SECONDS = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Between the tries to fetch a dataset: credentials are renewed within minutes, and a lost attempt counts for good."""


def start_run(attempt: Attempt, world: World = ALONE) -> TrialRun:
    """The attempt on this process, ready to advance.

    Raises ValueError for a dataset outside the allowed roots, and WorkerLost when its files cannot be fetched.
    """
    _hide_gpus_not_asked_for(attempt)
    torch.set_num_threads(attempt.resources.cpus_per_worker)
    _keep_to_its_share_of_a_gpu(attempt)
    assignment = attempt.assignment
    return TrialRun(
        assignment.config,
        _dataset_here(attempt),
        assignment.evaluation,
        folder=below(attempt.storage, folder_of(attempt)),
        checkpoint=Path(assignment.checkpoint).name if assignment.checkpoint else None,
        timeout_seconds=assignment.timeout_seconds,
        devices=attempt.resources.devices,
        world=world,
    )


def _dataset_here(attempt: Attempt) -> DatasetSpec:
    dataset = attempt.assignment.dataset
    for pause_seconds in PAUSES_SECONDS:
        try:
            return bring_files(dataset, attempt.dataset_roots)
        except OSError as error:
            log.warning("files cannot be fetched yet: attempt=%s reason=%s", attempt.tune_trial_id, error)
            time.sleep(pause_seconds)
    try:
        return bring_files(dataset, attempt.dataset_roots)
    except OSError as error:
        raise WorkerLost(f"the files of {dataset.root} cannot be fetched: {error}") from error


class GangWorker:
    """A worker among others, as an actor. Calls come in this order: meet (the first worker's alone), join, advance."""

    def meet(self) -> tuple[str, int]:
        """Address and port at which the gang meets, for as long as this process lives."""
        self._meeting_point = meeting_point()
        return get_node_ip_address(), self._meeting_point.port

    def join(self, attempt: Attempt, rank: int, address: str, port: int) -> None:
        """Waits for the others. Raises RuntimeError when one does not come."""
        forget_token()
        _hide_gpus_not_asked_for(attempt)
        self._run = start_run(attempt, World.join(rank, attempt.resources.workers, address, port))

    def advance(self) -> EpochEnd | Ending:
        """See TrialRun."""
        return self._run.advance()

    @ray.method(concurrency_group="watch")  # type: ignore[untyped-decorator]
    def is_alive(self) -> bool:
        """Answers while this worker trains, or waits for another."""
        return True


def _hide_gpus_not_asked_for(attempt: Attempt) -> None:
    """Ray leaves a node's GPUs visible to those that take none: https://github.com/ray-project/ray/issues/54868."""
    if not attempt.resources.gpus_per_worker:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def _keep_to_its_share_of_a_gpu(attempt: Attempt) -> None:
    """A process is used again and keeps its former trial's memory; a neighbour on the GPU must not run out for that."""
    share = attempt.resources.gpus_per_worker
    if torch.cuda.is_available() and share:
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(share, 1.0))

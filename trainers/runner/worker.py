"""One process that trains: alone in its Tune actor, or one of a gang's workers. Imports PyTorch: seconds."""

from pathlib import Path

import torch
from ray.util import get_node_ip_address

from trainers.distributed import ALONE, World, meeting_point
from trainers.run_trial import Ending, EpochEnd, TrialRun
from trainers.runner.attempt import Attempt, folder_of


def start_run(attempt: Attempt, world: World = ALONE) -> TrialRun:
    """The attempt on this process, ready to advance."""
    torch.set_num_threads(attempt.resources.cpus_per_worker)
    assignment = attempt.assignment
    return TrialRun(
        assignment.config,
        assignment.dataset,
        assignment.evaluation,
        folder=Path(attempt.storage) / folder_of(attempt),
        checkpoint=Path(assignment.checkpoint).name if assignment.checkpoint else None,
        timeout_seconds=assignment.timeout_seconds,
        devices=attempt.resources.devices,
        world=world,
    )


class GangWorker:
    """A worker among others, as an actor. Calls come in this order: meet (the first worker's alone), join, advance."""

    def meet(self) -> tuple[str, int]:
        """Address and port at which the gang meets, for as long as this process lives."""
        self._meeting_point = meeting_point()
        return get_node_ip_address(), self._meeting_point.port

    def join(self, attempt: Attempt, rank: int, address: str, port: int) -> None:
        """Waits for the others. Raises RuntimeError when one does not come."""
        self._run = start_run(attempt, World.join(rank, attempt.resources.workers, address, port))

    def advance(self) -> EpochEnd | Ending:
        """See TrialRun."""
        return self._run.advance()

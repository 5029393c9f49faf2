"""Several workers of one trial as processes of their own, on this machine's CPU."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import cloudpickle
import torch

from trainers.distributed import World, meeting_point

PATIENCE_SECONDS = 120
"""For all workers together, the import of PyTorch included."""

Found = TypeVar("Found")

# Workers are forked from a process that has imported what they need and done nothing else.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["trainers.run_trial", "sklearn.datasets"])


def run_workers(workers: int, function: Callable[..., Found], *arguments: Any) -> list[Found]:
    """What `function(world, *arguments)` returns on each of the workers, in the order of their ranks."""
    # A test's module cannot be imported by name elsewhere.
    cloudpickle.register_pickle_by_value(sys.modules[function.__module__])
    store = meeting_point()
    pool = ProcessPoolExecutor(workers, mp_context=_CONTEXT)
    try:
        task = cloudpickle.dumps((function, arguments))
        futures = [pool.submit(_work, rank, workers, store.port, task) for rank in range(workers)]
        return [cloudpickle.loads(future.result(PATIENCE_SECONDS)) for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _work(rank: int, workers: int, port: int, task: bytes) -> bytes:
    # Gloo, whatever the machine: NCCL would want a GPU for each worker.
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    torch.set_num_threads(1)
    function, arguments = cloudpickle.loads(task)
    world = World.join(rank, workers, "127.0.0.1", port)
    try:
        return bytes(cloudpickle.dumps(function(world, *arguments)))
    finally:
        world.leave()

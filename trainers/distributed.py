"""The workers that train one trial together: who they are, and what they tell each other.

W workers equal one with the same global batch: each holds a share of its rows, gradients are summed, and whatever a
loss or a decision needs of the others is gathered. NCCL on GPUs, gloo on CPUs.
"""

# N rows of all workers, R rows of this one, D numbers each

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch._C._distributed_c10d import TCPStore
from torch.autograd.function import once_differentiable
from torch.nn.parallel import DistributedDataParallel

JOIN_TIMEOUT = timedelta(minutes=5)
"""How long a worker waits for the others at the start."""
EXCHANGE_TIMEOUT = timedelta(hours=12)
"""How long it waits at an exchange: evaluations are long and uneven. Of a death the gang's leader hears by itself."""


def meeting_point() -> TCPStore:
    """Where workers find each other: on this machine, at its `port`, for as long as it is kept."""
    return TCPStore("0.0.0.0", 0, is_master=True, wait_for_workers=False)  # noqa: S104  # they may be on other machines


@dataclass(frozen=True)
class World:
    """One worker's view: it is number `rank` (from 0) of `size`. Every worker must make the same calls in turn."""

    rank: int
    size: int

    @staticmethod
    def join(rank: int, size: int, address: str, port: int) -> "World":
        """Waits for the `size` workers at the address and port of their meeting point.

        Raises RuntimeError when one does not come. Leave with `leave`; a process is in one world at a time.
        """
        if size > 1:
            store = TCPStore(address, port, is_master=False, timeout=JOIN_TIMEOUT)
            backend = "nccl" if torch.cuda.is_available() else "gloo"
            dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=EXCHANGE_TIMEOUT)
        return World(rank, size)

    def leave(self) -> None:
        """Ends the exchange."""
        if self.size > 1:
            dist.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this is the worker that writes and reports."""
        return self.rank == 0

    def slice_of(self, rows: int) -> slice:
        """This worker's share of that many rows: shares are in order and differ by one at most."""
        return slice(rows * self.rank // self.size, rows * (self.rank + 1) // self.size)

    def parallel(self, module: nn.Module) -> nn.Module:
        """The module with the same parameters everywhere, whose backward averages gradients over the workers."""
        if self.size == 1:
            return module
        return DistributedDataParallel(module, broadcast_buffers=False, gradient_as_bucket_view=True)

    def gather(self, rows_RD: Tensor) -> Tensor:
        """The rows of all workers in order of their ranks, without gradient."""
        if self.size == 1:
            return rows_RD.detach()
        return torch.cat(self._all_gathered(rows_RD.detach()))

    def gather_rows(self, rows_RD: Tensor) -> Tensor:
        """The rows of all workers, whose gradient is the sum of the gradients that all workers have for them."""
        if self.size == 1:
            return rows_RD
        gathered_ND: Tensor = _GatherRows.apply(rows_RD, self)
        return gathered_ND

    def sum(self, numbers: Tensor) -> Tensor:
        """The sum over all workers, without gradient."""
        total = numbers.detach().clone()
        if self.size > 1:
            dist.all_reduce(total)
        return total

    def sum_with_gradient(self, numbers: Tensor) -> Tensor:
        """The sum over all workers; its gradient is the sum of the gradients that all workers have for it."""
        if self.size == 1:
            return numbers
        total: Tensor = _SumOverWorkers.apply(numbers)
        return total

    def any(self, is_so: bool, device: torch.device) -> bool:
        """Whether it is so for some worker. `device` is the one they train on."""
        if self.size == 1:
            return is_so
        return bool(self.sum(torch.tensor(float(is_so), device=device)) > 0)

    def _all_gathered(self, rows_RD: Tensor) -> list[Tensor]:
        """Each worker's rows. Their numbers may differ: all send as many as the longest, then cut."""
        counts = [torch.zeros(1, dtype=torch.int64, device=rows_RD.device) for _ in range(self.size)]
        dist.all_gather(counts, torch.tensor([len(rows_RD)], device=rows_RD.device))
        rows = torch.cat(counts).tolist()
        padded = rows_RD.new_zeros(max(rows), *rows_RD.shape[1:])
        padded[: len(rows_RD)] = rows_RD
        gathered = [torch.empty_like(padded) for _ in rows]
        dist.all_gather(gathered, padded)
        return [part[:count] for part, count in zip(gathered, rows, strict=True)]


ALONE = World(0, 1)
"""The world of a trial with one worker; nothing is exchanged."""


class _SumOverWorkers(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, numbers: Tensor) -> Tensor:
        total = numbers.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


class _GatherRows(torch.autograd.Function):
    """Forward gathers; backward sums what all workers found for the rows, and keeps this worker's."""

    @staticmethod
    def forward(ctx: Any, rows_RD: Tensor, world: World) -> Tensor:
        parts = world._all_gathered(rows_RD)
        ctx.start = sum(len(part) for part in parts[: world.rank])
        ctx.stop = ctx.start + len(rows_RD)
        return torch.cat(parts)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_ND: Tensor) -> tuple[Tensor, None]:
        total_ND = gradient_ND.contiguous().clone()
        dist.all_reduce(total_ND)
        return total_ND[ctx.start : ctx.stop], None

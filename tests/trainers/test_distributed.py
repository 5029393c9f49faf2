"""What workers tell each other, on real processes."""

import pytest
import torch
from fakes.workers import run_workers
from torch import Tensor, nn

from trainers.distributed import ALONE, World

pytestmark = pytest.mark.usefixtures("on_cpu")

CPU = torch.device("cpu")


def rows_of(rank: int) -> Tensor:
    """rank + 1 rows; rank 1 has none."""
    count = 0 if rank == 1 else rank + 1
    return torch.full((count, 2), float(rank))


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 256])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_shares_are_in_order_complete_and_differ_by_one_row_at_most(size: int, rows: int) -> None:
    slices = [World(rank, size).slice_of(rows) for rank in range(size)]
    assert [row for one in slices for row in range(rows)[one]] == list(range(rows))
    counts = [one.stop - one.start for one in slices]
    assert max(counts) - min(counts) <= 1


def exchange(world: World) -> dict[str, Tensor | bool]:
    own = rows_of(world.rank).requires_grad_()
    gathered = world.gather_rows(own)
    ((world.rank + 1) * gathered.square()).sum().backward()
    number = torch.tensor(float(world.rank + 1), requires_grad=True)
    (world.sum_with_gradient(number) * (world.rank + 1)).backward()
    assert own.grad is not None
    assert number.grad is not None
    return {
        "gathered": gathered.detach(),
        "gradient": own.grad,
        "without gradient": world.gather(own),
        "sum": world.sum(number),
        "sum's gradient": number.grad,
        "all": world.any(True, CPU),
        "last": world.any(world.rank == 2, CPU),
        "none": world.any(False, CPU),
    }


def test_rows_sums_and_decisions_are_those_of_all_workers() -> None:
    everything = torch.cat([rows_of(rank) for rank in range(3)])
    for rank, found in enumerate(run_workers(3, exchange)):
        assert torch.equal(found["gathered"], everything)
        assert torch.equal(found["without gradient"], everything)
        assert torch.equal(found["gradient"], (1 + 2 + 3) * 2 * rows_of(rank))
        assert found["sum"] == 1 + 2 + 3
        assert found["sum's gradient"] == 1 + 2 + 3
        assert (found["all"], found["last"], found["none"]) == (True, True, False)


def average(world: World) -> tuple[list[float], list[float]]:
    torch.manual_seed(world.rank)
    model = nn.Linear(2, 1, bias=False)
    replica = world.parallel(model)
    before = model.weight.detach().clone()
    replica(torch.full((1, 2), float(world.rank))).sum().backward()
    assert model.weight.grad is not None
    return before.tolist()[0], model.weight.grad.tolist()[0]


def test_replicas_start_with_the_first_workers_weights_and_average_their_gradients() -> None:
    (weights, gradient), *others = run_workers(3, average)
    torch.manual_seed(0)
    assert weights == nn.Linear(2, 1, bias=False).weight.tolist()[0]
    assert gradient == [1.0, 1.0]
    assert others == [(weights, gradient)] * 2


def test_alone_nothing_is_exchanged() -> None:
    rows, module = rows_of(3).requires_grad_(), nn.Linear(1, 1)
    assert ALONE.gather_rows(rows) is rows
    assert not ALONE.gather(rows).requires_grad
    assert ALONE.sum(torch.tensor(3.0)) == 3
    assert (ALONE.any(True, CPU), ALONE.any(False, CPU)) == (True, False)
    assert ALONE.parallel(module) is module
    assert ALONE.is_first

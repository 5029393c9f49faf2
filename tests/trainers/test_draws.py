"""Draws: workers that share a batch see what one worker would see."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainers.draws import Draws

KINDS: dict[str, Callable[[Draws, int], Tensor]] = {
    "uniform": lambda draws, count: draws.uniform(-1, 3, count),
    "two rows of uniforms": lambda draws, count: draws.uniform(0, 1, count, 2).T,
    "integers": lambda draws, count: draws.integers(7, count),
    "normal": lambda draws, count: draws.normal(count, 3, 4),
}


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("views", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_shares_of_a_batch_make_up_what_one_worker_draws(kind: str, views: int) -> None:
    alone = Draws(generator())
    shares = [Draws(generator(), start=start, stop=stop, of=7) for start, stop in ((0, 3), (3, 6), (6, 7), (7, 7))]
    for _ in range(2):  # the second round shows that all took the same from their generators
        whole = KINDS[kind](alone.per_view(views), 7 * views)
        parts = [
            KINDS[kind](share.per_view(views), rows * views) for share, rows in zip(shares, (3, 3, 1, 0), strict=True)
        ]
        assert torch.equal(torch.cat(parts), whole)


def test_uniform_draws_fill_their_range_and_integers_are_below_their_bound() -> None:
    draws = Draws(generator())
    floats, integers = draws.uniform(-2, 5, 10_000), draws.integers(4, 1000)
    assert -2 <= floats.min() < -1.9
    assert 4.9 < floats.max() < 5
    assert integers.unique().tolist() == [0, 1, 2, 3]

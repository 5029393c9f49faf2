"""Batch normalisation over workers: on two of them what one computes."""

import pytest
import torch
from fakes.workers import run_workers
from torch import Tensor, nn

from trainers.batch_norm import SynchronisedBatchNorm, synchronise_batch_norm
from trainers.distributed import ALONE, World

pytestmark = pytest.mark.usefixtures("on_cpu")

CPU = torch.device("cpu")
Found = tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]


def images() -> Tensor:
    return torch.randn(7, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 3 + 5


def weigh(outputs_BCHW: Tensor, first: int) -> Tensor:
    """A loss whose gradient differs from image to image."""
    weights = torch.arange(first + 1.0, first + 1 + len(outputs_BCHW)).view(-1, 1, 1, 1)
    return (weights * outputs_BCHW.square() * outputs_BCHW).sum()


def normalise(world: World, splits: list[int]) -> Found:
    """Outputs, gradients of images and weights, and the state afterwards. This worker holds splits[rank] images."""
    norm = synchronise_batch_norm(nn.Sequential(nn.BatchNorm2d(3)), world, CPU)
    first = sum(splits[: world.rank])
    own = images()[first : first + splits[world.rank]].requires_grad_()
    outputs = norm(own)
    weigh(outputs, first).backward()
    assert own.grad is not None
    weight_gradient = world.sum(norm[0].weight.grad)  # type: ignore[index]
    return outputs.detach(), own.grad, weight_gradient, norm.state_dict()


def test_two_workers_normalise_as_one_does_even_if_one_has_no_images() -> None:
    expected = normalise(ALONE, [7])
    for splits in ([3, 4], [7, 0]):
        found = run_workers(2, normalise, splits)
        torch.testing.assert_close(torch.cat([one[0] for one in found]), expected[0])
        torch.testing.assert_close(torch.cat([one[1] for one in found]), expected[1], rtol=1e-4, atol=1e-3)
        for one in found:
            torch.testing.assert_close(one[2], expected[2], rtol=1e-4, atol=1e-3)
            torch.testing.assert_close(one[3], expected[3])


def test_a_frozen_one_uses_its_statistics_like_any_other() -> None:
    norm, twin = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    for part in (norm, twin):
        part(images())
    frozen = SynchronisedBatchNorm(norm, World(0, 2)).eval()
    torch.testing.assert_close(frozen(images()), twin.eval()(images()))


def test_alone_nothing_is_replaced() -> None:
    module = nn.Sequential(nn.BatchNorm2d(3))
    assert synchronise_batch_norm(module, ALONE, CPU) is module
    assert type(module[0]) is nn.BatchNorm2d

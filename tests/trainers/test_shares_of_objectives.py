"""W workers equal one with every objective around plain parts: the sums of their losses and of their gradients."""

from collections.abc import Callable

import pytest
import torch
from fakes.workers import run_workers
from torch import Tensor, nn

from trainers.contrastive import Contrastive
from trainers.cross_entropy import CrossEntropy
from trainers.distributed import ALONE, World
from trainers.draws import Draws
from trainers.evaluation.probes import LbfgsProbe
from trainers.losses.embedding_loss import EmbeddingLoss
from trainers.losses.soft_nearest_neighbour import SoftNearestNeighbourLoss
from trainers.losses.triplet import TripletLoss
from trainers.max_margin import MaxMargin
from trainers.mixing import Mixing
from trainers.objective import Objective

pytestmark = pytest.mark.usefixtures("on_cpu")

IMAGES = torch.rand(11, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(11) % 4


def brighten(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW * draws.uniform(0, 1, len(images_BCHW)).view(-1, 1, 1, 1)


def contrastive(loss: EmbeddingLoss, world: World) -> Objective:
    probe = LbfgsProbe(classes=4, weight_decay=1e-3, max_iterations=100)
    return Contrastive(nn.Flatten(), nn.Linear(64, 3), loss, brighten, probe=probe, world=world)


def mixed(mixing: Mixing, world: World) -> Objective:
    return CrossEntropy(nn.Flatten(), 64, 4, 0.1, brighten, mixing=mixing, world=world)


OBJECTIVES: dict[str, Callable[[World], Objective]] = {
    "triplet": lambda world: contrastive(TripletLoss(), world),
    "soft_nearest_neighbour": lambda world: contrastive(SoftNearestNeighbourLoss(0.5), world),
    "max_margin": lambda world: MaxMargin(nn.Flatten(), 64, 4, 3, lambda steps: steps / 10, brighten, world=world),
    "mixup": lambda world: mixed(Mixing(1.0, 0.0), world),
    "cutmix": lambda world: mixed(Mixing(0.0, 1.0), world),
}


def losses_and_gradients(world: World, images: int) -> list[tuple[Tensor, Tensor, float]]:
    """Of a batch of so many images with each objective."""
    found = []
    share = world.slice_of(images)
    for make in OBJECTIVES.values():
        torch.manual_seed(0)
        objective = make(world)
        draws = Draws(torch.Generator().manual_seed(3), start=share.start, stop=share.stop, of=images)
        batch = objective.training_loss(IMAGES[:images][share], LABELS[:images][share], draws)
        gradients = torch.autograd.grad(batch.loss, list(objective.parameters()))
        gradient = world.sum(torch.cat([one.flatten() for one in gradients]))
        found.append((world.sum(batch.loss), gradient, batch.uninformed_loss))
    return found


@pytest.mark.parametrize("images", [11, 2])  # 2: the first of three workers has none
def test_losses_and_gradients_of_three_workers_are_those_of_one(images: int) -> None:
    expected = losses_and_gradients(ALONE, images)
    for found in run_workers(3, losses_and_gradients, images):
        for (loss, gradient, cost), (loss_1, gradient_1, cost_1) in zip(found, expected, strict=True):
            torch.testing.assert_close(loss, loss_1)
            torch.testing.assert_close(gradient, gradient_1)
            assert cost == pytest.approx(cost_1)
            if gradient_1.any():
                assert torch.cosine_similarity(gradient, gradient_1, dim=0) > 0.99999
                assert (gradient.norm() / gradient_1.norm()).item() == pytest.approx(1, abs=1e-5)

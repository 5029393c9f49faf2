"""The large-margin objective around plain parts."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.draws import Draws
from trainers.losses.large_margin import easing_at, large_margin_logits
from trainers.max_margin import MaxMargin

IMAGES = torch.rand(6, 1, 2, 2, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def halve(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW / 2


def objective(steps: int = 10) -> MaxMargin:
    torch.manual_seed(0)
    return MaxMargin(
        nn.Flatten(), 4, 3, margin=4, share_done=lambda done: done / steps, augmentation=halve, world=ALONE
    )


def loss_of(trained: MaxMargin) -> Tensor:
    return trained.training_loss(IMAGES, LABELS, Draws(torch.Generator())).loss


def test_the_margin_grows_with_the_steps_and_a_saved_state_goes_on() -> None:
    trained = objective()
    for step in range(8):
        logits = large_margin_logits(IMAGES.flatten(1) / 2, trained.head.weight, LABELS, 4, easing_at(step / 10))
        torch.testing.assert_close(loss_of(trained), cross_entropy(logits, LABELS))
        trained.after_step()
    resumed = objective()
    resumed.load_state_dict(trained.state_dict())
    assert torch.equal(loss_of(resumed), loss_of(trained))


def test_equal_outputs_cost_the_uninformed_loss() -> None:
    trained = objective()
    nn.init.zeros_(trained.head.weight)
    batch = trained.training_loss(IMAGES, LABELS, Draws(torch.Generator()))
    assert batch.loss.item() == pytest.approx(math.log(3))
    assert batch.uninformed_loss == math.log(3)
    assert batch.spread == 0


def test_the_classifier_is_the_head_without_margin_on_images_as_they_are() -> None:
    trained = objective()
    classifier = trained.fit_classifier(InMemoryImages(IMAGES, LABELS))
    torch.testing.assert_close(classifier(IMAGES), (IMAGES.flatten(1) @ trained.head.weight.T).detach())


def test_other_margins_are_refused() -> None:
    with pytest.raises(ValueError, match="margin must be 1, 2, 3 or 4, got 5"):
        MaxMargin(nn.Flatten(), 4, 3, margin=5, share_done=float, augmentation=halve, world=ALONE)

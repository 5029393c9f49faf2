"""mixup and CutMix, pixel by pixel."""

import math

import pytest
import torch

from trainers.cross_entropy import CrossEntropy
from trainers.distributed import ALONE
from trainers.draws import Draws
from trainers.mixing import MixedImages, Mixing

# Every image is one number, every number an image.
IMAGES = torch.arange(12.0).view(12, 1, 1, 1).expand(12, 1, 8, 8).contiguous()
LABELS = torch.arange(12)


def mix(mixup: float, cutmix: float, seed: int) -> MixedImages:
    return Mixing(mixup, cutmix)(IMAGES, LABELS, Draws(torch.Generator().manual_seed(seed)), ALONE)


@pytest.mark.parametrize("seed", range(5))
def test_mixup_adds_every_image_to_its_partner(seed: int) -> None:
    mixed = mix(1.0, 0.0, seed)
    assert sorted(mixed.partner_labels.tolist()) == LABELS.tolist()
    for image, label, partner in zip(mixed.images, LABELS, mixed.partner_labels, strict=True):
        torch.testing.assert_close(image, torch.full_like(image, mixed.share * label + (1 - mixed.share) * partner))


@pytest.mark.parametrize("seed", range(20))
def test_cutmix_takes_one_box_of_the_partner_and_counts_its_pixels(seed: int) -> None:
    mixed = mix(0.0, 1.0, seed)
    assert IMAGES[3, 0, 0, 0] == 3, "the images at hand stay"
    boxes = []
    for image, label, partner in zip(mixed.images, LABELS, mixed.partner_labels, strict=True):
        if label == partner:
            continue
        taken = image[0] == partner
        assert torch.equal(taken, image[0] != label)
        assert taken.float().mean().item() == pytest.approx(1 - mixed.share)
        rows, columns = taken.any(1), taken.any(0)
        assert torch.equal(taken, rows[:, None] & columns)
        boxes.append(taken)
    assert all(torch.equal(box, boxes[0]) for box in boxes)


def test_shares_are_those_of_the_beta_distribution() -> None:
    shares = torch.tensor([mix(0.5, 0.0, seed).share for seed in range(2000)])
    assert shares.mean().item() == pytest.approx(0.5, abs=0.04)
    assert shares.var().item() == pytest.approx(1 / 8, abs=0.01)  # of Beta(α, α): 1 / (4 (2α + 1))


def test_of_both_each_takes_half_of_the_batches() -> None:
    is_cut = [mixed_box(seed) for seed in range(200)]
    assert 70 < sum(is_cut) < 130


def mixed_box(seed: int) -> bool:
    """Whether only whole numbers occur: mixup makes others."""
    images = mix(1.0, 1.0, seed).images
    return torch.equal(images, images.round())


def test_nothing_is_drawn_when_both_are_off() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    mixed = Mixing(0.0, 0.0)(IMAGES, LABELS, Draws(generator), ALONE)
    assert mixed.share == 1
    assert torch.equal(generator.get_state(), before)


def test_negative_alphas_are_refused() -> None:
    with pytest.raises(ValueError, match="cutmix_alpha must be >= 0, got -1"):
        Mixing(0, -1)


@pytest.mark.parametrize("mixing", [Mixing(0.4, 0.0), Mixing(0.0, 1.0)])
def test_cross_entropy_takes_smoothed_targets_of_both_classes(mixing: Mixing) -> None:
    torch.manual_seed(0)
    objective = CrossEntropy(
        torch.nn.Flatten(), 64, 12, 0.2, lambda images, draws: images / 12, mixing=mixing, world=ALONE
    )
    batch = objective.training_loss(IMAGES, LABELS, Draws(torch.Generator().manual_seed(1)))
    mixed = mixing(IMAGES / 12, LABELS, Draws(torch.Generator().manual_seed(1)), ALONE)
    logs = objective.model(mixed.images).log_softmax(dim=1)
    total = 0.0
    for row, (label, partner) in enumerate(zip(LABELS.tolist(), mixed.partner_labels.tolist(), strict=True)):
        for k in range(12):
            hard = mixed.share * (k == label) + (1 - mixed.share) * (k == partner)
            total -= (0.8 * hard + 0.2 / 12) * logs[row, k].item()
    assert batch.loss.item() == pytest.approx(total / 12, rel=1e-5)
    assert batch.uninformed_loss == math.log(12)

"""SimAugment: its crop, its jitter, its blur and their strengths."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainers.augmentations import simaugment
from trainers.augmentations.geometry import crop
from trainers.augmentations.simaugment import SimAugment
from trainers.draws import Draws

Images = Callable[..., Tensor]


@pytest.mark.parametrize("side", [8, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_magnitude_zero_changes_nothing(
    channels: int, side: int, make_images: Images, generator: torch.Generator
) -> None:
    images = make_images(channels=channels, side=side)
    torch.testing.assert_close(SimAugment(0, side)(images, Draws(generator)), images, rtol=0, atol=1e-5)


def test_a_larger_magnitude_changes_more(make_images: Images) -> None:
    images = make_images(200)
    changes = [
        (SimAugment(magnitude, 8)(images, Draws(torch.Generator().manual_seed(0))) - images).abs().mean().item()
        for magnitude in (3, 9, 15, 30)
    ]
    assert changes == sorted(changes)


def test_grey_of_one_value_stays_so_and_a_fifth_is_not_jittered(generator: torch.Generator) -> None:
    images = torch.full((2000, 1, 8, 8), 0.5)
    changed = SimAugment(30, 8)(images, Draws(generator)).flatten(1)
    assert (changed.amax(dim=1) - changed.amin(dim=1)).max() < 1e-5
    is_kept = (changed[:, 0] - 0.5).abs() < 1e-6
    assert is_kept.float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert changed.min() == pytest.approx(0.1, abs=0.01)
    assert changed.max() == pytest.approx(0.9, abs=0.01)


def test_crops_lie_inside_and_keep_a_fifth_of_the_image(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    boxes: list[Tensor] = []

    def crop_and_note(images: Tensor, *box: Tensor) -> Tensor:
        boxes.extend(box)
        return crop(images, *box)

    monkeypatch.setattr(simaugment, "crop", crop_and_note)
    SimAugment(30, 8)(torch.zeros(5000, 1, 8, 8), Draws(generator))
    centre_x, centre_y, width, height = boxes
    assert (centre_x.abs() + width).max() <= 1 + 1e-6
    assert (centre_y.abs() + height).max() <= 1 + 1e-6
    assert (width * height).min().item() == pytest.approx(0.2, abs=0.01)
    assert (width / height).log().abs().max().item() == pytest.approx(math.log(4 / 3), abs=0.01)


def test_half_of_the_images_is_blurred_from_twenty_pixels_on(generator: torch.Generator) -> None:
    images, twin = torch.rand(400, 1, 20, 20, generator=generator), torch.Generator().manual_seed(0)
    sharp = SimAugment(30, image_size=19)(images, Draws(torch.Generator().manual_seed(0)))
    blurred = SimAugment(30, image_size=20)(images, Draws(twin))
    is_blurred = (sharp - blurred).abs().amax(dim=(1, 2, 3)) > 1e-5
    assert is_blurred.float().mean().item() == pytest.approx(0.5, abs=0.08)

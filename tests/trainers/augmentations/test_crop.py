"""The resized crop: its boxes, its strength and its flip."""

import math

import pytest
import torch
from torch import Tensor

from trainers.augmentations import crop as crops
from trainers.augmentations.crop import ResizedCrop
from trainers.augmentations.geometry import crop
from trainers.draws import Draws

Boxes = list[Tensor]


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    """Centres, widths and heights of the crops, in order."""
    noted: Boxes = []

    def crop_and_note(images: Tensor, *box: Tensor) -> Tensor:
        noted.extend(box)
        return crop(images, *box)

    monkeypatch.setattr(crops, "crop", crop_and_note)
    return noted


@pytest.mark.parametrize("smallest_area", [0.2, 0.08])
def test_boxes_lie_inside_and_have_the_areas_and_shapes_of_the_paper(
    smallest_area: float, boxes: Boxes, generator: torch.Generator
) -> None:
    ResizedCrop(smallest_area, strength=1, mirrors=False)(torch.zeros(5000, 1, 8, 8), Draws(generator))
    centre_x, centre_y, width, height = boxes
    assert (centre_x.abs() + width).max() <= 1 + 1e-6
    assert (centre_y.abs() + height).max() <= 1 + 1e-6
    assert (width * height).min().item() == pytest.approx(smallest_area, abs=0.01)
    assert (width / height).log().abs().max().item() == pytest.approx(math.log(4 / 3), abs=0.01)
    # Uniform but for the largest, of which some are cut.
    is_small = (width * height < (1 + smallest_area) / 2).float().mean().item()
    assert is_small == pytest.approx(0.5, abs=0.03)


def test_half_strength_crops_half_as_much(boxes: Boxes, generator: torch.Generator) -> None:
    ResizedCrop(0.2, strength=0.5, mirrors=False)(torch.zeros(5000, 1, 8, 8), Draws(generator))
    _, _, width, height = boxes
    assert (width * height).min().item() == pytest.approx(0.6, abs=0.01)
    assert (width / height).log().abs().max().item() == pytest.approx(math.log(4 / 3) / 2, abs=0.01)


def test_no_strength_leaves_the_image_and_its_mirror_image_equally_often(generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 8, 8, generator=generator)
    views = ResizedCrop(0.2, strength=0, mirrors=True)(image.expand(1000, 3, 8, 8), Draws(generator))
    is_kept = (views - image).abs().amax(dim=(1, 2, 3)) < 1e-5
    is_mirrored = (views - image.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert (is_kept ^ is_mirrored).all()
    assert is_mirrored.float().mean().item() == pytest.approx(0.5, abs=0.05)

"""What every augmentation keeps, whatever its name."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from trainers.augmentations.make import AugmentationName, make_augmentation
from trainers.draws import Draws

NAMES = get_args(AugmentationName)
RANDOM = [name for name in NAMES if name != "none"]

Images = Callable[..., Tensor]


@pytest.mark.parametrize("shape", [(64, 1, 8, 8), (64, 3, 8, 8), (64, 3, 32, 32)])
@pytest.mark.parametrize("magnitude", [0, 9, 30])
@pytest.mark.parametrize("name", NAMES)
def test_views_have_the_images_shape_and_range(
    name: AugmentationName, magnitude: int, shape: tuple[int, int, int, int], generator: torch.Generator
) -> None:
    images = torch.rand(shape, generator=generator)
    before = images.clone()
    views = make_augmentation(name, magnitude, image_size=shape[3], channels=shape[1])(images, Draws(generator))
    assert (views.shape, views.dtype) == (images.shape, torch.float32)
    assert views.min() >= 0
    assert views.max() <= 1
    assert torch.equal(images, before)


@pytest.mark.parametrize("name", RANDOM)
def test_the_generator_alone_decides(name: AugmentationName, make_images: Images) -> None:
    augment, images = make_augmentation(name, 9, 8, 1), make_images(32)
    generator, twin = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    torch.manual_seed(1)
    first = augment(images, Draws(generator))
    torch.manual_seed(2)
    assert torch.equal(first, augment(images, Draws(twin)))
    assert not torch.equal(first, augment(images, Draws(twin)))


@pytest.mark.parametrize("name", RANDOM)
def test_equal_images_of_a_batch_get_different_views(
    name: AugmentationName, make_images: Images, generator: torch.Generator
) -> None:
    images = make_images(1).expand(64, 1, 8, 8)
    views = make_augmentation(name, 9, 8, 1)(images, Draws(generator))
    assert len(views.flatten(1).unique(dim=0)) > 16


def test_none_returns_the_images(make_images: Images, generator: torch.Generator) -> None:
    images = make_images()
    assert torch.equal(make_augmentation("none", 30, 8, 1)(images, Draws(generator)), images)


def test_stacked_is_randaugment_followed_by_simaugment(make_images: Images) -> None:
    generator, twin = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    images = make_images()
    first = make_augmentation("randaugment", 12, 8, 1)(images, Draws(generator))
    both = make_augmentation("simaugment", 12, 8, 1)(first, Draws(generator))
    assert torch.equal(make_augmentation("stacked_randaugment", 12, 8, 1)(images, Draws(twin)), both)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_views_are_made_on_the_images_device(name: AugmentationName, channels: int, generator: torch.Generator) -> None:
    # The meta device computes shapes alone and refuses to mix with tensors of the CPU.
    images = torch.empty(64, channels, 32, 32, device="meta")
    views = make_augmentation(name, 9, 32, channels)(images, Draws(generator))
    assert (views.device.type, views.shape) == ("meta", images.shape)


@pytest.mark.parametrize("magnitude", [-1, 31])
def test_magnitudes_off_the_scale_are_refused(magnitude: int) -> None:
    with pytest.raises(ValueError, match=f"magnitude must be from 0 to 30, got {magnitude}"):
        make_augmentation("randaugment", magnitude, 8, 1)


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="channels must be 1 or 3, got 4"):
        make_augmentation("basic", 9, 8, 4)

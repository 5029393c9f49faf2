"""What every augmentation keeps, whatever its name, and what each is made of."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from trainers.augmentations.augmentation import Chain
from trainers.augmentations.crop import ResizedCrop
from trainers.augmentations.make import AugmentationName, PolicyName, make_augmentation
from trainers.draws import Draws

NAMES = get_args(AugmentationName)
RANDOM = [name for name in NAMES if name != "none"]

Images = Callable[..., Tensor]


@pytest.mark.parametrize("shape", [(64, 1, 8, 8), (64, 3, 8, 8), (64, 1, 28, 28), (32, 3, 32, 32), (4, 3, 224, 224)])
@pytest.mark.parametrize("magnitude", [0, 9, 30])
@pytest.mark.parametrize("name", NAMES)
def test_views_have_the_images_shape_and_range(
    name: AugmentationName, magnitude: int, shape: tuple[int, int, int, int], generator: torch.Generator
) -> None:
    images = torch.rand(shape, generator=generator)
    before = images.clone()
    augment = make_augmentation(name, magnitude, shape[3], shape[1], mirrors=shape[3] > 8, policy="imagenet")
    views = augment(images, Draws(generator))
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


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 32), (3, 64)])
@pytest.mark.parametrize(
    ("name", "policy"), [*((name, "svhn") for name in NAMES), ("autoaugment", "cifar10"), ("autoaugment", "imagenet")]
)
def test_workers_shares_of_a_batch_are_the_views_that_one_worker_sees(
    name: AugmentationName, policy: PolicyName, channels: int, side: int, make_images: Images
) -> None:
    images = make_images(12, channels, side)
    augment = make_augmentation(name, 12, side, channels, mirrors=side > 8, policy=policy)

    def share(start: int, stop: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(3)
        views = augment(images[start:stop], Draws(generator, start=start, stop=stop, of=12))
        return views, generator.get_state()

    whole, state = share(0, 12)
    # Of unequal sizes, two of them empty.
    bounds = [(0, 0), (0, 5), (5, 6), (6, 12), (12, 12)]
    shares, states = zip(*(share(start, stop) for start, stop in bounds), strict=True)
    assert torch.equal(torch.cat(shares), whole)
    assert all(torch.equal(other, state) for other in states)


def test_none_returns_the_images(make_images: Images, generator: torch.Generator) -> None:
    images = make_images()
    assert torch.equal(make_augmentation("none", 30, 8, 1)(images, Draws(generator)), images)


@pytest.mark.parametrize(
    ("name", "symbols", "objects", "photographs"),
    [
        ("none", "", "", ""),
        ("basic", "ShiftAndTurn", "PaddedCrop", "PaddedCrop"),
        ("autoaugment", "AutoAugment", "ResizedCrop AutoAugment", "ResizedCrop AutoAugment"),
        ("randaugment", "RandAugment", "ResizedCrop RandAugment", "ResizedCrop RandAugment"),
        (
            "simaugment",
            "ResizedCrop ColorJitter",
            "ResizedCrop ColorJitter Greyscale",
            "ResizedCrop ColorJitter Greyscale Blur",
        ),
        (
            "stacked_randaugment",
            "ResizedCrop ColorJitter RandAugment",
            "ResizedCrop ColorJitter RandAugment Greyscale",
            "ResizedCrop ColorJitter RandAugment Greyscale Blur",
        ),
    ],
)
def test_parts_fit_the_kind_and_size_of_the_images(
    name: AugmentationName, symbols: str, objects: str, photographs: str
) -> None:
    made = [
        make_augmentation(name, 9, image_size=8, channels=1),
        make_augmentation(name, 9, image_size=32, channels=3, mirrors=True),
        make_augmentation(name, 9, image_size=224, channels=3, mirrors=True),
    ]
    for augmentation, expected in zip(made, (symbols, objects, photographs), strict=True):
        assert isinstance(augmentation, Chain)
        assert " ".join(type(part).__name__ for part in augmentation.parts) == expected


def test_simaugment_of_magnitude_zero_leaves_symbols_as_they_are(
    make_images: Images, generator: torch.Generator
) -> None:
    images = make_images()
    views = make_augmentation("simaugment", 0, 8, 1)(images, Draws(generator))
    torch.testing.assert_close(views, images, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("side", "smallest_area"), [(32, 0.2), (63, 0.2), (64, 0.08), (224, 0.08)])
@pytest.mark.parametrize("name", ["autoaugment", "randaugment", "simaugment", "stacked_randaugment"])
def test_objects_are_cropped_to_a_share_that_fits_their_size_at_any_magnitude(
    name: AugmentationName, side: int, smallest_area: float
) -> None:
    augmentation = make_augmentation(name, 0, side, 3, mirrors=True)
    assert isinstance(augmentation, Chain)
    assert augmentation.parts[0] == ResizedCrop(smallest_area, strength=1, mirrors=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_views_are_made_on_the_images_device(name: AugmentationName, channels: int, generator: torch.Generator) -> None:
    # The meta device computes shapes alone and refuses to mix with tensors of the CPU.
    images = torch.empty(16, channels, 64, 64, device="meta")
    views = make_augmentation(name, 9, 64, channels, mirrors=True)(images, Draws(generator))
    assert (views.device.type, views.shape) == ("meta", images.shape)


@pytest.mark.parametrize("magnitude", [-1, 31])
def test_magnitudes_off_the_scale_are_refused(magnitude: int) -> None:
    with pytest.raises(ValueError, match=f"magnitude must be from 0 to 30, got {magnitude}"):
        make_augmentation("randaugment", magnitude, 8, 1)


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="channels must be 1 or 3, got 4"):
        make_augmentation("basic", 9, 8, 4)

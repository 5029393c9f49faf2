"""The table of operations against the published one, and their application to the images that they were drawn for."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as torchvision

from trainers.augmentations.operations import ABOVE_WHITE, GREY, OPERATIONS, apply_operations
from trainers.draws import Draws

BILINEAR = v2.InterpolationMode.BILINEAR
WITHOUT_LEVELS = {"autocontrast", "equalize", "invert"}
SIGNED = {name for name in OPERATIONS if name[:5] in {"shear", "trans", "rotat", "brigh", "contr", "color", "sharp"}}

Images = Callable[..., Tensor]


def apply_one(images: Tensor, name: str, level: float, sign: int = 1) -> Tensor:
    """One operation at one level; draws are made until the sign is the one that is asked for."""
    numbers = torch.full((len(images),), OPERATIONS.index(name))

    class Signs(Draws):
        def integers(self, below: int, count: int, *leading: int) -> Tensor:
            return torch.full((*leading, count), (sign + 1) // 2)

    return apply_operations(images, numbers, torch.full((len(images),), level), Signs(torch.Generator()))


def affine(
    image: Tensor, *, angle: float = 0, shift: tuple[float, float] = (0, 0), slant: tuple[float, float] = (0, 0)
):
    degrees = [math.degrees(math.atan(slope)) for slope in slant]
    fill = GREY if image.shape[0] == 3 else 0
    # torchvision fills between two pixels wrongly, so the ground is subtracted before and added again.
    return torchvision.affine(image - fill, angle, list(shift), 1, degrees, interpolation=BILINEAR) + fill


PUBLISHED: dict[str, Callable[[Tensor, float], Tensor]] = {
    # Unlike in torchvision, the centre stays where it is and shifts may end between two pixels.
    "ShearX": lambda image, slope: affine(image, slant=(slope, 0)),
    "ShearY": lambda image, slope: affine(image, slant=(0, slope)),
    "TranslateX": lambda image, pixels: affine(image, shift=(pixels, 0)),
    "TranslateY": lambda image, pixels: affine(image, shift=(0, pixels)),
    "Rotate": lambda image, degrees: affine(image, angle=-degrees),
    "Brightness": lambda image, change: torchvision.adjust_brightness(image, 1 + change),
    "Color": lambda image, change: torchvision.adjust_saturation(image, 1 + change),
    "Contrast": lambda image, change: torchvision.adjust_contrast(image, 1 + change),
    "Sharpness": lambda image, change: torchvision.adjust_sharpness(image, 1 + change),
    "Posterize": lambda image, bits: torchvision.posterize((image * 255).round().to(torch.uint8), int(bits)) / 255,
    # Unlike in torchvision, level 0 leaves white as it is.
    "Solarize": lambda image, threshold: (
        image if threshold == 1 else torchvision.solarize(image, threshold * ABOVE_WHITE)
    ),
}


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 32)])
@pytest.mark.parametrize("levels", [10, 31])
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_level_of_the_published_table_does_what_it_does_in_torchvision(
    name: str, levels: int, channels: int, side: int, make_images: Images
) -> None:
    strengths, is_signed = v2.RandAugment._AUGMENTATION_SPACE[name]
    images = (make_images(1, channels, side) * 255).round() / 255
    own_name = {"ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x", "TranslateY": "translate_y"}
    for place, strength in enumerate(strengths(levels, side, side).tolist()):
        for sign in (1, -1) if is_signed else (1,):
            changed = apply_one(images, own_name.get(name, name.lower()), place / (levels - 1), sign)
            torch.testing.assert_close(changed[0], PUBLISHED[name](images[0], sign * strength), rtol=0, atol=4e-5)


def test_the_operations_are_all_of_the_published_tables() -> None:
    published = {*v2.RandAugment._AUGMENTATION_SPACE, *v2.AutoAugment._AUGMENTATION_SPACE}
    assert {name.replace("_", "") for name in OPERATIONS} == {name.lower() for name in published}
    signed = {name for name, (_, is_signed) in v2.AutoAugment._AUGMENTATION_SPACE.items() if is_signed}
    assert {name.replace("_", "") for name in SIGNED} == {name.lower() for name in signed}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - WITHOUT_LEVELS))
def test_level_zero_changes_nothing(name: str, channels: int, make_images: Images) -> None:
    images = make_images(channels=channels)
    images[:, :, 0, :2] = torch.tensor([0.0, 1.0])
    half_a_grey_level = 0.5 / 255
    torch.testing.assert_close(apply_one(images, name, 0), images, rtol=0, atol=1.001 * half_a_grey_level)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"identity"}))
def test_the_full_level_changes_every_image_within_the_range(name: str, make_images: Images) -> None:
    images = 0.2 + 0.6 * make_images(channels=3)
    for sign in (1, -1):
        changed = apply_one(images, name, 1, sign)
        assert (changed - images).abs().amax(dim=(1, 2, 3)).min() > 0.05
        assert changed.min() >= 0
        assert changed.max() <= 1


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 8), (3, 32)])
def test_every_image_gets_its_own_operation_at_its_own_level(channels: int, side: int, make_images: Images) -> None:
    images = make_images(3 * len(OPERATIONS), channels, side)
    numbers = torch.arange(len(OPERATIONS)).repeat(3)
    levels = torch.linspace(0, 1, len(images))
    changed = apply_operations(images, numbers, levels, Draws(torch.Generator().manual_seed(5)))

    signs = 2 * torch.randint(2, numbers.shape, generator=torch.Generator().manual_seed(5)) - 1
    for place, name in enumerate(OPERATIONS * 3):
        alone = apply_one(images[place : place + 1], name, levels[place].item(), int(signs[place]))
        assert torch.equal(changed[place : place + 1], alone), name


def test_signed_operations_go_both_ways_equally_often(generator: torch.Generator) -> None:
    images = torch.zeros(1000, 1, 8, 8)
    images[:, :, :, 3:5] = 1
    numbers = torch.full((1000,), OPERATIONS.index("translate_x"))
    moved = apply_operations(images, numbers, torch.full((1000,), 0.5), Draws(generator))
    is_right = moved[:, 0, 0, 6:].sum(dim=1) > moved[:, 0, 0, :2].sum(dim=1)
    assert is_right.float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_colour_images_move_over_grey_and_others_over_black() -> None:
    for channels, ground in ((1, 0.0), (3, 128 / 255)):
        moved = apply_one(torch.ones(1, channels, 8, 8), "translate_x", 1)
        torch.testing.assert_close(moved[..., :3], torch.full((1, channels, 8, 3), ground))


def test_the_given_images_are_left_alone(make_images: Images, generator: torch.Generator) -> None:
    images = make_images(len(OPERATIONS))
    before = images.clone()
    apply_operations(images, torch.arange(len(OPERATIONS)), torch.ones(len(OPERATIONS)), Draws(generator))
    assert torch.equal(images, before)

"""Changes of brightness and colour against torchvision or a loop, image by image."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as torchvision

from trainers.augmentations import intensity

FACTORS = [0.0, 0.1, 0.73, 1.0, 1.4, 1.9]

Images = Callable[..., Tensor]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("change", "reference"),
    [
        (intensity.adjust_brightness, torchvision.adjust_brightness),
        (intensity.adjust_contrast, torchvision.adjust_contrast),
        (intensity.solarize, torchvision.solarize),
    ],
)
def test_each_image_is_changed_as_torchvision_changes_it(
    change: Callable[[Tensor, Tensor], Tensor],
    reference: Callable[[Tensor, float], Tensor],
    channels: int,
    make_images: Images,
) -> None:
    images = make_images(len(FACTORS), channels)
    strengths = [min(factor, 1.0) for factor in FACTORS] if change is intensity.solarize else FACTORS
    expected = torch.stack([reference(image, strength) for image, strength in zip(images, strengths, strict=True)])
    torch.testing.assert_close(change(images, torch.tensor(strengths)), expected, rtol=0, atol=1e-6)


def test_posterize_keeps_the_highest_bits_as_torchvision_does(make_images: Images) -> None:
    bytes_ = (make_images(5, channels=3) * 255).round().to(torch.uint8)
    bits = [4, 5, 6, 7, 8]
    expected = torch.stack([torchvision.posterize(image, bit) for image, bit in zip(bytes_, bits, strict=True)])
    posterized = intensity.posterize(bytes_ / 255, torch.tensor(bits, dtype=torch.float32))
    torch.testing.assert_close(posterized, expected / 255)


def test_autocontrast_and_invert_equal_torchvision(make_images: Images) -> None:
    images = make_images(4, channels=3) * 0.5 + 0.2
    torch.testing.assert_close(intensity.autocontrast(images), torchvision.autocontrast(images))
    torch.testing.assert_close(intensity.invert(images), torchvision.invert(images))


def equalize_by_loops(image_HW: Tensor) -> Tensor:
    values = image_HW.flatten().tolist()
    below_brightest = sum(value < max(values) for value in values)
    shares = [sum(other < value for other in values) / below_brightest for value in values]
    return torch.tensor(shares).view_as(image_HW)


def test_equalize_equals_a_loop_that_counts_darker_pixels(make_images: Images) -> None:
    images = (make_images(4, channels=3) * 16).round() / 16
    expected = torch.stack([torch.stack([equalize_by_loops(channel) for channel in image]) for image in images])
    torch.testing.assert_close(intensity.equalize(images), expected)


def test_equalize_is_torchvisions_on_large_images(make_images: Images) -> None:
    bytes_ = (make_images(2, channels=3, side=64) ** 2 * 255).round().to(torch.uint8)
    difference = intensity.equalize(bytes_ / 255) - torchvision.equalize(bytes_) / 255
    # torchvision divides by whole pixels per grey level, 16 here, so it is off by up to a sixteenth.
    assert difference.abs().max() < 1 / 16


def test_constant_channels_are_left_alone() -> None:
    images = torch.full((2, 3, 8, 8), 0.3)
    assert torch.equal(intensity.autocontrast(images), images)
    assert torch.equal(intensity.equalize(images), images)


def test_grey_is_torchvisions(make_images: Images) -> None:
    images = make_images(3, channels=3)
    torch.testing.assert_close(intensity.greyscale(images), torchvision.rgb_to_grayscale(images))

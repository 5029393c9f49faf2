"""Sharpness and blur against torchvision, image by image."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as torchvision

from trainers.augmentations.filters import adjust_sharpness, gaussian_blur

Images = Callable[..., Tensor]


@pytest.mark.parametrize("channels", [1, 3])
def test_sharpness_equals_torchvisions(channels: int, make_images: Images) -> None:
    images, factors = make_images(5, channels), [0.0, 0.4, 1.0, 1.5, 1.9]
    expected = [torchvision.adjust_sharpness(image, factor) for image, factor in zip(images, factors, strict=True)]
    torch.testing.assert_close(adjust_sharpness(images, torch.tensor(factors)), torch.stack(expected))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_blur_equals_torchvisions(channels: int, kernel_size: int, make_images: Images) -> None:
    images, sigmas = make_images(4, channels, side=12), [0.1, 0.5, 1.0, 2.0]
    expected = [
        torchvision.gaussian_blur(image, kernel_size, sigma) for image, sigma in zip(images, sigmas, strict=True)
    ]
    torch.testing.assert_close(gaussian_blur(images, torch.tensor(sigmas), kernel_size), torch.stack(expected))


def test_the_smallest_sigma_changes_nothing(make_images: Images) -> None:
    images = make_images(2, side=20)
    torch.testing.assert_close(gaussian_blur(images, torch.full((2,), 0.1), kernel_size=3), images)

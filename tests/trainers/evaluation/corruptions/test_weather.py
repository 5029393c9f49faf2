"""Weather against colorsys and plain arithmetic."""

import colorsys
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainers.evaluation.corruptions.plasma import plasma
from trainers.evaluation.corruptions.weather import FROST_LEVELS, brightness, fog, frost, snow

Make = Callable[[int, int, int], Tensor]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("channels", [1, 3])
def test_snow_without_flakes_whitens(make_images: Make, channels: int) -> None:
    images = make_images(4, channels, 8)
    grey = images if channels == 1 else images[:, :1] * 0.299 + images[:, 1:2] * 0.587 + images[:, 2:] * 0.114
    found = snow(images, 0, 1, 1, math.inf, 2, 1, 0.7, generator=generator())
    torch.testing.assert_close(found, 0.7 * images + 0.3 * torch.maximum(images, 1.5 * grey + 0.5))


def test_snow_falls_where_noise_passes_the_threshold_and_again_turned_by_half() -> None:
    black = torch.zeros(100, 1, 16, 16)
    fallen = snow(black, 0.0, 1.0, 1, 2.0, 1, 0.1, 1.0, generator=generator())
    # A flake is cut to 1, and 2.3 % of normal draws pass 2; each shows twice.
    assert fallen.mean() == pytest.approx(2 * 0.0228, rel=0.05)
    torch.testing.assert_close(fallen, fallen.rot90(2, dims=(2, 3)))


def test_snow_falls_down_steeply() -> None:
    dots = snow(torch.zeros(1, 1, 64, 64), 0.0, 1.0, 1, 3.5, 8, 4, 1.0, generator=generator())
    assert dots.diff(dim=2).abs().mean() < dots.diff(dim=3).abs().mean()


def test_frost_mixes_the_image_with_a_pane_of_its_level(make_images: Make) -> None:
    images = make_images(300, 1, 16)
    pane = (frost(images, 0.8, 0.5, generator=generator()) - 0.8 * images) / 0.5
    assert pane.min() >= -1e-6
    assert pane.max() <= 1 + 1e-6
    assert pane.mean() == pytest.approx(sum(FROST_LEVELS) / 2, abs=0.02)
    assert pane.std(dim=(2, 3)).mean() == pytest.approx(math.hypot(0.06, 0.07), rel=0.1)


def test_frost_on_colours_is_bluish(make_images: Make) -> None:
    red, green, blue = frost(0 * make_images(10, 3, 16), 1, 1, generator=generator()).mean(dim=(0, 2, 3))
    assert red < green < blue


def test_fog_adds_a_plasma_and_keeps_the_brightest_value(make_images: Make) -> None:
    images = make_images(5, 3, 16)
    found = fog(images, 1.5, 2.0, generator=generator())
    for image, result, haze in zip(images, found, plasma(5, 16, 2.0, generator()), strict=True):
        torch.testing.assert_close(result, (image + 1.5 * haze) * image.max() / (image.max() + 1.5))


def test_brightness_adds_to_the_value_of_hsv(make_images: Make) -> None:
    images = make_images(1, 3, 8)
    images[0, :, 0, 0] = 0
    found = brightness(images, 0.3)
    for row in range(8):
        for column in range(8):
            hue, saturation, value = colorsys.rgb_to_hsv(*images[0, :, row, column].tolist())
            expected = colorsys.hsv_to_rgb(hue, saturation, min(value + 0.3, 1))
            assert found[0, :, row, column].tolist() == pytest.approx(expected, abs=1e-6)


def test_brightness_adds_to_grey(make_images: Make) -> None:
    images = make_images(2, 1, 8)
    torch.testing.assert_close(brightness(images, 0.2), (images + 0.2).clamp(max=1))

"""SimCLR's jitter, greyscale and blur: their chances, strengths and order."""

from collections.abc import Callable
from itertools import permutations

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as torchvision

from trainers.augmentations.color import adjust_saturation
from trainers.augmentations.filters import gaussian_blur
from trainers.augmentations.intensity import adjust_brightness, adjust_contrast
from trainers.augmentations.simaugment import Blur, ColorJitter, Greyscale
from trainers.draws import Draws

Images = Callable[..., Tensor]


def test_grey_of_one_value_stays_so_and_a_fifth_is_not_jittered(generator: torch.Generator) -> None:
    images = torch.full((2000, 1, 8, 8), 0.5)
    changed = ColorJitter(1)(images, Draws(generator)).flatten(1)
    assert (changed.amax(dim=1) - changed.amin(dim=1)).max() < 1e-5
    is_kept = (changed[:, 0] - 0.5).abs() < 1e-6
    assert is_kept.float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert changed.min() == pytest.approx(0.1, abs=0.01)
    assert changed.max() == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_strength_jitters_nothing(channels: int, make_images: Images, generator: torch.Generator) -> None:
    images = make_images(channels=channels)
    torch.testing.assert_close(ColorJitter(0)(images, Draws(generator)), images)


def test_a_larger_strength_changes_more(make_images: Images) -> None:
    images = make_images(200, channels=3)
    changes = [
        (ColorJitter(strength)(images, Draws(torch.Generator().manual_seed(0))) - images).abs().mean().item()
        for strength in (0.1, 0.3, 0.5, 1)
    ]
    assert changes == sorted(changes)


def test_the_jitter_is_torchvisions_image_by_image(make_images: Images) -> None:
    images, strength = make_images(20, channels=3), 0.5
    twin = Draws(torch.Generator().manual_seed(3))
    drawn = strength * twin.uniform(-1, 1, 20, 4)
    is_done = twin.uniform(0, 1, 20) < 0.8
    expected = []
    for image, (brightness, contrast, saturation, hue), is_jittered in zip(
        images, drawn.T.tolist(), is_done.tolist(), strict=True
    ):
        view = torchvision.adjust_brightness(image, 1 + 0.8 * brightness)
        view = torchvision.adjust_contrast(view, 1 + 0.8 * contrast)
        view = torchvision.adjust_saturation(view, 1 + 0.8 * saturation)
        expected.append(torchvision.adjust_hue(view, 0.2 * hue) if is_jittered else image)
    views = ColorJitter(strength)(images, Draws(torch.Generator().manual_seed(3)))
    torch.testing.assert_close(views, torch.stack(expected), rtol=0, atol=1e-5)


def test_brightness_contrast_and_saturation_commute_where_nothing_is_cut(make_images: Images) -> None:
    images = 0.4 + 0.2 * make_images(channels=3)
    changes = [(adjust_brightness, 1.2), (adjust_contrast, 0.7), (adjust_saturation, 1.3)]
    results = []
    for order in permutations(changes):
        views = images
        for change, factor in order:
            views = change(views, torch.full((len(images),), factor))
        results.append(views)
    for other in results[1:]:
        torch.testing.assert_close(other, results[0])


def test_a_fifth_of_the_images_loses_its_colour(make_images: Images, generator: torch.Generator) -> None:
    images = make_images(2000, channels=3, side=4)
    views = Greyscale()(images, Draws(generator))
    is_kept = (views == images).flatten(1).all(dim=1)
    grey = torchvision.rgb_to_grayscale(images, num_output_channels=3)
    assert is_kept.float().mean().item() == pytest.approx(0.8, abs=0.03)
    torch.testing.assert_close(views[~is_kept], grey[~is_kept])


def test_half_of_the_images_is_blurred_with_a_tenth_of_the_side(make_images: Images) -> None:
    images = make_images(200, side=50)
    twin = Draws(torch.Generator().manual_seed(0))
    sigma = twin.uniform(0.1, 2.0, 200)
    is_blurred = twin.uniform(0, 1, 200) < 0.5
    views = Blur()(images, Draws(torch.Generator().manual_seed(0)))
    assert torch.equal(views[~is_blurred], images[~is_blurred])
    torch.testing.assert_close(views[is_blurred], gaussian_blur(images[is_blurred], sigma[is_blurred], kernel_size=5))
    assert is_blurred.float().mean().item() == pytest.approx(0.5, abs=0.1)

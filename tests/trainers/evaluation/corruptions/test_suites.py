"""The suites as a whole: what is promised of all fifteen corruptions, whatever they do."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainers.evaluation.corruptions.constants import CIFAR_C, IMAGENET_C
from trainers.evaluation.corruptions.suites import CORRUPTIONS, SEVERITIES, SUITES, SuiteName

Make = Callable[[int, int, int], Tensor]

SMALL = SUITES["small_images"]


@pytest.mark.parametrize("strengths", [CIFAR_C, IMAGENET_C])
def test_each_of_the_fifteen_has_five_severities(strengths: dict[str, tuple[tuple[float, ...], ...]]) -> None:
    assert list(strengths) == list(CORRUPTIONS)
    assert len(strengths) == 15
    assert all(len(severities) == len(SEVERITIES) for severities in strengths.values())


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize(
    ("suite", "channels", "side"),
    [("small_images", 1, 8), ("small_images", 1, 28), ("small_images", 3, 32), ("imagenet", 3, 48)],
)
def test_images_stay_images_and_change(
    make_images: Make, suite: SuiteName, channels: int, side: int, corruption: str
) -> None:
    images = make_images(3, channels, side)
    changes = []
    for severity in SEVERITIES:
        corrupted = SUITES[suite].corrupt(images, corruption, severity, block=0)
        assert corrupted.shape == images.shape
        assert corrupted.dtype == torch.float32
        torch.testing.assert_close(255 * corrupted, (255 * corrupted).round().clamp(0, 255))
        changes.append((corrupted - images).abs().mean().item())
    assert min(changes) > 1e-3
    # The published elastic transform moves whole images at the low severities, and tears them at the high ones.
    assert changes[4] > changes[0] or corruption == "elastic_transform"


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_images_are_the_same_whatever_was_drawn_before(make_images: Make, corruption: str) -> None:
    images = make_images(4, 3, 16)
    torch.manual_seed(1)
    one = SMALL.corrupt(images, corruption, 3, block=0)
    torch.manual_seed(2)
    assert torch.equal(SMALL.corrupt(images, corruption, 3, block=0), one)


@pytest.mark.parametrize("corruption", [name for name, recipe in CORRUPTIONS.items() if recipe.is_random])
def test_each_block_has_its_own_chance(make_images: Make, corruption: str) -> None:
    images = make_images(4, 1, 16)
    assert not torch.equal(SMALL.corrupt(images, corruption, 3, block=0), SMALL.corrupt(images, corruption, 3, block=1))


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_black_image_is_no_error(corruption: str) -> None:
    corrupted = SMALL.corrupt(torch.zeros(2, 1, 8, 8), corruption, 5, block=0)
    assert corrupted.isfinite().all()


def test_at_the_sides_own_lengths_are_the_published_ones_and_others_in_proportion(
    make_images: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    recipe = CORRUPTIONS["defocus_blur"]
    spy = type(recipe)(lambda images, *constants: seen.append(constants) or images, recipe.powers, is_random=False)
    monkeypatch.setitem(CORRUPTIONS, "defocus_blur", spy)
    for side in (32, 64):
        SMALL.corrupt(make_images(1, 1, side), "defocus_blur", 5, block=0)
    assert seen == [(1.5, 0.1), (3.0, 0.2)]


def test_a_small_image_is_blurred_as_it_would_be_blown_up(make_images: Make) -> None:
    images = make_images(2, 1, 8)
    blown_up = images.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    for corruption in ("defocus_blur", "motion_blur"):
        large = SMALL.corrupt(blown_up, corruption, 5, block=0)
        expected = large.unflatten(3, (8, 4)).unflatten(2, (8, 4)).mean(dim=(3, 5))
        torch.testing.assert_close(SMALL.corrupt(images, corruption, 5, block=0), expected, atol=1 / 255, rtol=0)

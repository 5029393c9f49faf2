"""Noise by its moments and shares."""

import pytest
import torch
from torch import Tensor

from trainers.evaluation.corruptions.noise import gaussian_noise, impulse_noise, shot_noise

GREY = 0.4


@pytest.fixture(name="images_NCHW")
def grey_images() -> Tensor:
    return torch.full((50, 3, 32, 32), GREY)


@pytest.fixture(name="generator")
def seeded_generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_gaussian_noise_has_its_deviation(images_NCHW: Tensor, generator: torch.Generator) -> None:
    noisy_NCHW = gaussian_noise(images_NCHW, 0.1, generator=generator)
    assert noisy_NCHW.mean() == pytest.approx(GREY, abs=1e-3)
    assert noisy_NCHW.std() == pytest.approx(0.1, rel=0.01)


def test_shot_noise_is_a_poisson_count_of_photons(images_NCHW: Tensor, generator: torch.Generator) -> None:
    counts_NCHW = 25 * shot_noise(images_NCHW, 25, generator=generator)
    torch.testing.assert_close(counts_NCHW, counts_NCHW.round())
    assert counts_NCHW.mean() == pytest.approx(25 * GREY, rel=0.01)
    assert counts_NCHW.var() == pytest.approx(25 * GREY, rel=0.02)


def test_impulses_are_black_and_white_in_equal_shares(images_NCHW: Tensor, generator: torch.Generator) -> None:
    noisy_NCHW = impulse_noise(images_NCHW, 0.2, generator=generator)
    shares = [(noisy_NCHW == value).double().mean().item() for value in (0.0, 1.0, images_NCHW[0, 0, 0, 0])]
    assert shares == pytest.approx([0.1, 0.1, 0.8], abs=0.003)

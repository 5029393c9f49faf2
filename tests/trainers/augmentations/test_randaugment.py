"""RandAugment: what it draws from, and how often."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from trainers.augmentations import randaugment
from trainers.augmentations.operations import OPERATIONS, apply_operations
from trainers.augmentations.randaugment import CHOICES, RandAugment
from trainers.draws import Draws

Drawn = list[tuple[Tensor, Tensor]]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """The numbers and levels of each round of operations, in order."""
    rounds: Drawn = []

    def apply_and_note(images: Tensor, numbers: Tensor, levels: Tensor, draws: Draws) -> Tensor:
        rounds.append((numbers, levels))
        return apply_operations(images, numbers, levels, draws)

    monkeypatch.setattr(randaugment, "apply_operations", apply_and_note)
    return rounds


def test_the_choices_are_the_papers_fourteen() -> None:
    # arXiv:1909.13719, Sec. 3.1, as it spells them.
    paper = "identity autoContrast equalize rotate solarize color posterize contrast brightness sharpness"
    paper += " shear-x shear-y translate-x translate-y"
    assert {name.replace("_", "-") for name in CHOICES} == set(paper.lower().split())
    assert {name.replace("_", "") for name in CHOICES} == {name.lower() for name in v2.RandAugment._AUGMENTATION_SPACE}


@pytest.mark.parametrize(("channels", "left_out"), [(1, {"invert", "color"}), (3, {"invert"})])
def test_two_operations_are_drawn_uniformly_per_image(
    channels: int, left_out: set[str], drawn: Drawn, generator: torch.Generator
) -> None:
    RandAugment(9)(torch.rand(6000, channels, 8, 8, generator=generator), Draws(generator))
    assert len(drawn) == 2
    expected = {number for number, name in enumerate(OPERATIONS) if name not in left_out}
    for numbers, _ in drawn:
        values, counts = numbers.unique(return_counts=True)
        assert set(values.tolist()) == expected
        assert counts.min() / 6000 == pytest.approx(1 / len(expected), rel=0.2)
        assert counts.max() / 6000 == pytest.approx(1 / len(expected), rel=0.2)
    is_twice = (drawn[0][0] == drawn[1][0]).float().mean().item()
    assert is_twice == pytest.approx(1 / len(expected), rel=0.2)


@pytest.mark.parametrize("magnitude", [0, 9, 30])
def test_the_magnitude_is_the_level_of_every_operation(
    magnitude: int, drawn: Drawn, generator: torch.Generator, make_images: Callable[..., Tensor]
) -> None:
    RandAugment(magnitude)(make_images(), Draws(generator))
    assert all(torch.equal(levels, torch.full((6,), magnitude / 30)) for _, levels in drawn)

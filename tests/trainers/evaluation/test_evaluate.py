"""A classifier measured, on a split and fully."""

import json
from typing import Literal

import pytest
import torch
from torch import Tensor

from search_spaces.metrics import METRICS, Needs
from trainers.datasets.labelled import InMemoryImages
from trainers.datasets.splits import Splits
from trainers.distributed import ALONE
from trainers.evaluation.evaluate import Evaluated, evaluate, evaluate_fully


def noisy_images(seed: int, images: int = 90) -> InMemoryImages:
    """Three classes by which third of the image is bright, not always."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(images) % 3
    pixels = 0.5 * torch.rand(images, 1, 9, 9, generator=generator)
    for image, label in zip(pixels, labels.tolist(), strict=True):
        image[:, 3 * label : 3 * label + 3] += 0.15 * torch.rand(1, generator=generator)
    return InMemoryImages(pixels, labels)


def by_thirds(images_BCHW: Tensor) -> Tensor:
    """Overconfident."""
    return 200 * images_BCHW.unflatten(2, (3, 3)).mean(dim=(1, 3, 4))


@pytest.fixture(name="splits")
def three_splits() -> Splits:
    return Splits(noisy_images(0), noisy_images(1), noisy_images(2), classes=3)


@pytest.fixture
def few_splits() -> Splits:
    return Splits(noisy_images(0, 3), noisy_images(1, 3), noisy_images(2, 3), classes=3)


def fully(splits: Splits, corruptions: Literal["none", "small_images", "imagenet"], *, calibration: bool) -> Evaluated:
    return evaluate_fully(by_thirds, splits, calibration=calibration, corruptions=corruptions, world=ALONE)


def names_that_need(*needs: Needs) -> set[str]:
    return {name for name, metric in METRICS.items() if metric.needs in needs}


def test_a_split_has_the_metrics_that_need_nothing(splits: Splits) -> None:
    measured = evaluate(by_thirds, splits.val, "val", ALONE) | evaluate(by_thirds, splits.test, "test", ALONE)
    assert set(measured) == names_that_need("nothing")
    assert fully(splits, "none", calibration=False).metrics == measured


@pytest.mark.parametrize(
    ("calibration", "corruptions", "needs"),
    [
        (True, "none", ["nothing", "calibration"]),
        (False, "small_images", ["nothing", "corruptions"]),
        (True, "imagenet", ["nothing", "calibration", "corruptions", "imagenet"]),
    ],
)
def test_what_is_asked_for_is_measured_under_the_names_of_the_vocabulary(
    few_splits: Splits, calibration: bool, corruptions: Literal["none", "small_images", "imagenet"], needs: list[Needs]
) -> None:
    assert set(fully(few_splits, corruptions, calibration=calibration).metrics) == names_that_need(*needs)


def test_the_temperature_of_validation_calibrates_the_test(splits: Splits) -> None:
    evaluated = fully(splits, "none", calibration=True)
    assert evaluated.details["temperature"] > 1
    for name in ("nll", "brier", "ece"):
        assert evaluated.metrics[f"test_{name}_scaled"] < evaluated.metrics[f"test_{name}"]


def test_test_labels_do_not_move_the_temperature(splits: Splits) -> None:
    renamed = InMemoryImages(noisy_images(2).images, splits.test.labels.roll(1))
    other = Splits(splits.train, splits.val, renamed, classes=3)
    one, two = (fully(each, "none", calibration=True) for each in (splits, other))
    assert one.details["temperature"] == two.details["temperature"]
    assert one.metrics["test_ece"] != two.metrics["test_ece"]


def test_details_are_json_and_agree_with_the_metrics(splits: Splits) -> None:
    evaluated = fully(splits, "small_images", calibration=True)
    details = json.loads(json.dumps(evaluated.details))
    assert details == evaluated.details
    confusion = torch.tensor(details["test"]["confusion"])
    assert confusion.diag().sum() / 90 == pytest.approx(evaluated.metrics["test_top1"])
    assert details["test"]["class_accuracies"] == pytest.approx((confusion.diag() / 30).tolist())
    corruptions = details["corruptions"]
    assert corruptions["suite"] == "small_images"
    cells = [error for severities in corruptions["errors"].values() for error in severities]
    assert sum(cells) / 75 == pytest.approx(evaluated.metrics["test_corruption_error"])
    assert len(corruptions["ece_by_severity"]) == 5


def test_corrupting_twice_gives_the_same_numbers(splits: Splits) -> None:
    torch.manual_seed(1)
    one = fully(splits, "small_images", calibration=False)
    torch.manual_seed(2)
    assert fully(splits, "small_images", calibration=False) == one

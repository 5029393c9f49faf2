"""Errors under corruption: what is counted, and how it is summed up."""

import pytest
import torch
from torch import Tensor

from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE, World
from trainers.evaluation.calibration import calibration_error
from trainers.evaluation.corruption_errors import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    alexnet_mce,
    mean_corruption_error,
    predict_corrupted,
    relative_mce,
)
from trainers.evaluation.corruptions.constants import CIFAR_C
from trainers.evaluation.corruptions.suites import CORRUPTIONS, SEVERITIES, Suite


@pytest.fixture(name="suite")
def suite_of_small_blocks() -> Suite:
    return Suite("small_images", 32, CIFAR_C, images_per_block=4)


@pytest.fixture(name="labelled")
def light_and_dark() -> InMemoryImages:
    """Eleven images, in three blocks of four."""
    images = torch.rand(11, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    return InMemoryImages(images, (images.mean(dim=(1, 2, 3)) > 0.5).long())


def by_brightness(images_BCHW: Tensor) -> Tensor:
    mean_B = images_BCHW.mean(dim=(1, 2, 3))
    return 20 * torch.stack([0.5 - mean_B, mean_B - 0.5], dim=1)


def test_errors_and_calibration_equal_a_loop_over_suites_images(suite: Suite, labelled: InMemoryImages) -> None:
    predictions = predict_corrupted(by_brightness, labelled, suite, ALONE)
    calibration: list[list[float]] = [[] for _ in SEVERITIES]
    for name in CORRUPTIONS:
        for severity in SEVERITIES:
            blocks = [
                suite.corrupt(labelled.images[start : start + 4], name, severity, block=start // 4)
                for start in (0, 4, 8)
            ]
            logits = by_brightness(torch.cat(blocks))
            is_right = logits.argmax(dim=1) == labelled.labels
            assert predictions.errors()[name][severity - 1] == pytest.approx(1 - is_right.double().mean().item())
            confidences = logits.double().softmax(dim=1).amax(dim=1)
            calibration[severity - 1].append(calibration_error(confidences, is_right))
    assert predictions.calibration_errors() == pytest.approx([sum(cells) / 15 for cells in calibration])
    assert 0 < mean_corruption_error(predictions.errors()) < 1


class Half(World):
    """One of two workers that never meet: what it gathers is its own."""

    def gather(self, rows_RD: Tensor) -> Tensor:
        return rows_RD


def test_workers_share_the_blocks(suite: Suite, labelled: InMemoryImages) -> None:
    shares = [predict_corrupted(by_brightness, labelled, suite, Half(rank, 2)) for rank in range(2)]
    whole = predict_corrupted(by_brightness, labelled, suite, ALONE)
    assert [len(share.is_right) for share in shares] == [4, 7]
    assert torch.equal(torch.cat([share.is_right for share in shares]), whole.is_right)


def test_more_workers_than_blocks_leave_some_idle(suite: Suite, labelled: InMemoryImages) -> None:
    shares = [len(predict_corrupted(by_brightness, labelled, suite, Half(rank, 5)).is_right) for rank in range(5)]
    assert sorted(shares) == [0, 0, 3, 4, 4]


def test_the_mean_corruption_error_is_over_all_cells() -> None:
    errors = {name: [0.1 * c, 0.0, 0.0, 0.0, 0.5] for c, name in enumerate(CORRUPTIONS)}
    assert mean_corruption_error(errors) == pytest.approx((sum(0.1 * c for c in range(15)) + 15 * 0.5) / 75)


def test_alexnet_scores_one_whatever_the_order_of_the_corruptions() -> None:
    errors = {name: [ALEXNET_ERRORS[name]] * 5 for name in reversed(CORRUPTIONS)}
    assert set(errors) == set(ALEXNET_ERRORS)
    assert alexnet_mce(errors) == pytest.approx(1)
    assert relative_mce(errors, ALEXNET_CLEAN_ERROR) == pytest.approx(1)


def test_half_the_error_of_alexnet_is_half_its_mce() -> None:
    errors = {
        name: [0.5 * error, 0.7 * error, 0.3 * error, 0.5 * error, 0.5 * error]
        for name, error in ALEXNET_ERRORS.items()
    }
    assert alexnet_mce(errors) == pytest.approx(0.5)


def test_a_model_that_corruptions_do_not_touch_has_no_relative_mce() -> None:
    errors = {name: [0.3] * 5 for name in CORRUPTIONS}
    assert relative_mce(errors, 0.3) == pytest.approx(0)
    assert alexnet_mce(errors) > 0.3

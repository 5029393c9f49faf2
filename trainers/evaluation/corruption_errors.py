"""How a classifier fares on corrupted images, and the two ways to say it in one number (arXiv:1903.12261, Sec. 3)."""

# N images, B images of a block, C corruptions, S severities

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.evaluation.calibration import calibration_error, confidences_and_hits
from trainers.evaluation.corruptions.suites import CORRUPTIONS, SEVERITIES, Suite
from trainers.evaluation.inference import Frozen

ALEXNET_ERRORS = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.922640,
    "defocus_blur": 0.819880,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.798360,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.717840,
    "jpeg_compression": 0.606500,
}
"""AlexNet's errors on ImageNet-C, means over the severities, from the benchmark's own repository."""
ALEXNET_CLEAN_ERROR = 0.435
"""On ImageNet itself: Table 1 of arXiv:1903.12261."""


@dataclass(frozen=True)
class CorruptedPredictions:
    """What a classifier makes of a split under every corruption."""

    confidences: Tensor
    """N × C × S, float64."""
    is_right: Tensor
    """N × C × S."""

    def errors(self) -> dict[str, list[float]]:
        """For each corruption the share of images taken for another class, by severity."""
        errors_CS = 1 - self.is_right.double().mean(dim=0)
        return dict(zip(CORRUPTIONS, errors_CS.tolist(), strict=True))

    def calibration_errors(self) -> list[float]:
        """For each severity the expected calibration error, a mean over the corruptions."""
        cells = [
            [calibration_error(self.confidences[:, c, s], self.is_right[:, c, s]) for c in range(len(CORRUPTIONS))]
            for s in range(len(SEVERITIES))
        ]
        return [_mean(severity) for severity in cells]


def predict_corrupted(classifier: Frozen, labelled: LabelledImages, suite: Suite, world: World) -> CorruptedPredictions:
    """Classifies every image under every corruption. Images are read once; each worker takes its share of blocks.

    With several workers the rows come in the order of the workers.
    """
    blocks = torch.split(torch.arange(len(labelled)), suite.images_per_block)
    share = world.slice_of(len(blocks))
    device = labelled.labels.device
    rows_NCS2 = [torch.zeros(0, len(CORRUPTIONS), len(SEVERITIES), 2, dtype=torch.float64, device=device)]
    for block, (images_BCHW, labels_B) in enumerate(labelled.batches(blocks[share]), start=share.start):
        cells = [
            torch.stack(
                confidences_and_hits(classifier(suite.corrupt(images_BCHW, name, severity, block)), labels_B), -1
            )
            for name in CORRUPTIONS
            for severity in SEVERITIES
        ]
        rows_NCS2.append(torch.stack(cells, dim=1).view(-1, len(CORRUPTIONS), len(SEVERITIES), 2))
    confidences_NCS, is_right_NCS = world.gather(torch.cat(rows_NCS2)).unbind(-1)
    return CorruptedPredictions(confidences_NCS, is_right_NCS.bool())


def mean_corruption_error(errors: dict[str, list[float]]) -> float:
    """The mean over corruptions and severities, in [0, 1]: not normalised, as CIFAR-10-C is reported."""
    return _mean([_mean(severities) for severities in errors.values()])


def alexnet_mce(errors: dict[str, list[float]]) -> float:
    """mCE: the mean over corruptions of the error's ratio to AlexNet's, which has 1. For ImageNet at 224 pixels."""
    return _mean([_mean(severities) / ALEXNET_ERRORS[name] for name, severities in errors.items()])


def relative_mce(errors: dict[str, list[float]], clean_error: float) -> float:
    """Relative mCE: as mCE, of what the corruptions add to the clean errors of both."""
    return _mean(
        [
            (_mean(severities) - clean_error) / (ALEXNET_ERRORS[name] - ALEXNET_CLEAN_ERROR)
            for name, severities in errors.items()
        ]
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)

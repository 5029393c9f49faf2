"""AutoAugment's policy for house numbers (SVHN), the published one nearest to digits (arXiv:1805.09501, appendix).

The rows are torchvision's, checked by a test; written out here because importing torchvision takes two seconds.
"""

# B images, C channels, H height, W width

from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.augmentations.operations import OPERATION_NUMBERS, apply_operations
from trainers.draws import Draws

LARGEST_LEVEL = 9
"""Levels of the table count from 0 to this."""

Step = tuple[str, float, int]
"""Operation, probability, level; 0 where an operation has no levels."""

SVHN_POLICY: tuple[tuple[Step, Step], ...] = (
    (("shear_x", 0.9, 4), ("invert", 0.2, 0)),
    (("shear_y", 0.9, 8), ("invert", 0.7, 0)),
    (("equalize", 0.6, 0), ("solarize", 0.6, 6)),
    (("invert", 0.9, 0), ("equalize", 0.6, 0)),
    (("equalize", 0.6, 0), ("rotate", 0.9, 3)),
    (("shear_x", 0.9, 4), ("autocontrast", 0.8, 0)),
    (("shear_y", 0.9, 8), ("invert", 0.4, 0)),
    (("shear_y", 0.9, 5), ("solarize", 0.2, 6)),
    (("invert", 0.9, 0), ("autocontrast", 0.8, 0)),
    (("equalize", 0.6, 0), ("rotate", 0.9, 3)),
    (("shear_x", 0.9, 4), ("solarize", 0.3, 3)),
    (("shear_y", 0.8, 8), ("invert", 0.7, 0)),
    (("equalize", 0.9, 0), ("translate_y", 0.6, 6)),
    (("invert", 0.9, 0), ("equalize", 0.6, 0)),
    (("contrast", 0.3, 3), ("rotate", 0.8, 4)),
    (("invert", 0.8, 0), ("translate_y", 0.0, 2)),
    (("shear_y", 0.7, 6), ("solarize", 0.4, 8)),
    (("invert", 0.6, 0), ("rotate", 0.8, 4)),
    (("shear_y", 0.3, 7), ("translate_x", 0.9, 3)),
    (("shear_x", 0.1, 6), ("invert", 0.6, 0)),
    (("solarize", 0.7, 2), ("translate_y", 0.6, 7)),
    (("shear_y", 0.8, 4), ("invert", 0.8, 0)),
    (("shear_x", 0.7, 9), ("translate_y", 0.8, 3)),
    (("shear_y", 0.8, 5), ("autocontrast", 0.7, 0)),
    (("shear_x", 0.7, 2), ("invert", 0.1, 0)),
)
"""Each image gets one row: two steps in a row, each by its probability."""


@dataclass(frozen=True)
class AutoAugment:
    """The learned policy. It carries its own strengths, so it has no magnitude."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image changed by a row of the policy, drawn uniformly."""
        rows_B = draws.integers(len(SVHN_POLICY), len(images_BCHW))
        for step in range(2):
            names, probabilities, levels = zip(*(row[step] for row in SVHN_POLICY), strict=True)
            is_done_B = draws.uniform(0, 1, len(rows_B)) < torch.tensor(probabilities)[rows_B]
            numbers_B = torch.tensor([OPERATION_NUMBERS[name] for name in names])[rows_B]
            levels_B = torch.tensor(levels)[rows_B] / LARGEST_LEVEL
            numbers_B = torch.where(is_done_B, numbers_B, OPERATION_NUMBERS["identity"])
            images_BCHW = apply_operations(images_BCHW, numbers_B, levels_B, draws)
        return images_BCHW

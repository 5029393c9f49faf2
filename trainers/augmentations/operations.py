"""The operations that AutoAugment and RandAugment choose from, on one scale of strength, and their application.

Ranges are those of arXiv:1805.09501 (appendix), as torchvision has them. Unlike there, shears turn about the centre and
lengths are shares of the side sampled between pixels, so that a small digit stays in its image and every level counts.
"""

# B images, N those that an operation was chosen for, C channels, H height, W width

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from trainers.augmentations import filters, geometry, intensity
from trainers.draws import Draws

LARGEST_SLOPE = 0.3
LARGEST_SHIFT = 150 / 331
"""Share of the side: the paper's 150 pixels of its 331."""
LARGEST_ANGLE = math.radians(30)
LARGEST_FACTOR_CHANGE = 0.9
MOST_BITS_DROPPED = 4
ABOVE_WHITE = 256 / 255
"""A solarize threshold that no value reaches."""


@dataclass(frozen=True)
class Operation:
    """A change of images_NCHW by levels_N in [0, 1]; level 0 changes nothing, if there are levels at all."""

    change: Callable[[Tensor, Tensor], Tensor]
    is_signed: bool = False
    """Whether −level is the opposite change, chosen as often."""


OPERATIONS: dict[str, Operation] = {
    "identity": Operation(lambda images, levels: images),
    "shear_x": Operation(lambda images, levels: geometry.shear_x(images, LARGEST_SLOPE * levels), is_signed=True),
    "shear_y": Operation(lambda images, levels: geometry.shear_y(images, LARGEST_SLOPE * levels), is_signed=True),
    "translate_x": Operation(
        lambda images, levels: geometry.translate_x(images, LARGEST_SHIFT * levels), is_signed=True
    ),
    "translate_y": Operation(
        lambda images, levels: geometry.translate_y(images, LARGEST_SHIFT * levels), is_signed=True
    ),
    "rotate": Operation(lambda images, levels: geometry.rotate(images, LARGEST_ANGLE * levels), is_signed=True),
    "brightness": Operation(
        lambda images, levels: intensity.adjust_brightness(images, _factors(levels)), is_signed=True
    ),
    "color": Operation(lambda images, levels: intensity.adjust_saturation(images, _factors(levels)), is_signed=True),
    "contrast": Operation(lambda images, levels: intensity.adjust_contrast(images, _factors(levels)), is_signed=True),
    "sharpness": Operation(lambda images, levels: filters.adjust_sharpness(images, _factors(levels)), is_signed=True),
    "posterize": Operation(
        lambda images, levels: intensity.posterize(images, 8 - (MOST_BITS_DROPPED * levels).round())
    ),
    "solarize": Operation(lambda images, levels: intensity.solarize(images, ABOVE_WHITE * (1 - levels))),
    "autocontrast": Operation(lambda images, levels: intensity.autocontrast(images)),
    "equalize": Operation(lambda images, levels: intensity.equalize(images)),
    "invert": Operation(lambda images, levels: intensity.invert(images)),
}

OPERATION_NUMBERS = {name: number for number, name in enumerate(OPERATIONS)}


def apply_operations(images_BCHW: Tensor, numbers_B: Tensor, levels_B: Tensor, draws: Draws) -> Tensor:
    """Changes each image by the operation of its number at its level in [0, 1]; the sign is drawn here.

    Numbers and levels are on the CPU, so that sorting the images by operation never waits for their device.
    """
    signs_B = 2 * draws.integers(2, len(numbers_B)) - 1
    changed_BCHW = images_BCHW.clone()
    for number, operation in enumerate(OPERATIONS.values()):
        chosen_N = (numbers_B == number).nonzero().squeeze(1)
        if len(chosen_N) == 0:
            continue
        levels_N = levels_B[chosen_N] * (signs_B[chosen_N] if operation.is_signed else 1)
        places_N = chosen_N.to(images_BCHW.device)
        changed_NCHW = operation.change(images_BCHW.index_select(0, places_N), levels_N.to(images_BCHW.device))
        changed_BCHW.index_copy_(0, places_N, changed_NCHW)
    return changed_BCHW


def _factors(levels_N: Tensor) -> Tensor:
    return 1 + LARGEST_FACTOR_CHANGE * levels_N

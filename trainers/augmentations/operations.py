"""The operations that AutoAugment and RandAugment choose from, on one scale of strength, and their application.

Ranges are those of arXiv:1805.09501 (appendix), as torchvision has them. Unlike there, shears turn about the centre and
lengths are shares of the side sampled between pixels, so that a small digit stays in its image and every level counts.
"""

# B images, N those that an operation was chosen for, C channels, H height, W width

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.augmentations import color, filters, geometry, intensity
from trainers.draws import Draws

LARGEST_SLOPE = 0.3
LARGEST_SHIFT = 150 / 331
"""Share of the side: the paper's 150 pixels of its 331."""
LARGEST_ANGLE = math.radians(30)
LARGEST_FACTOR_CHANGE = 0.9
MOST_BITS_DROPPED = 4
ABOVE_WHITE = 256 / 255
"""A solarize threshold that no value reaches."""
GREY = 128 / 255
"""What comes into view in colour images, as in the released code of both papers; in others it is black."""

MOVES: dict[str, tuple[float, float, float, float, float]] = {
    "shear_x": (LARGEST_SLOPE, 0, 0, 0, 0),
    "shear_y": (0, LARGEST_SLOPE, 0, 0, 0),
    "rotate": (0, 0, LARGEST_ANGLE, 0, 0),
    "translate_x": (0, 0, 0, LARGEST_SHIFT, 0),
    "translate_y": (0, 0, 0, 0, LARGEST_SHIFT),
}
"""Arguments of `affine_matrices` at level 1. Level −1 is the opposite move."""


@dataclass(frozen=True)
class Change:
    """A change of images_NCHW by levels_N in [0, 1]; level 0 changes nothing, if there are levels at all."""

    apply: Callable[[Tensor, Tensor], Tensor]
    is_signed: bool = False
    """Whether −level is the opposite change, chosen as often."""


CHANGES: dict[str, Change] = {
    "brightness": Change(lambda images, levels: intensity.adjust_brightness(images, _factors(levels)), is_signed=True),
    "contrast": Change(lambda images, levels: intensity.adjust_contrast(images, _factors(levels)), is_signed=True),
    "color": Change(lambda images, levels: color.adjust_saturation(images, _factors(levels)), is_signed=True),
    "sharpness": Change(lambda images, levels: filters.adjust_sharpness(images, _factors(levels)), is_signed=True),
    "posterize": Change(lambda images, levels: intensity.posterize(images, 8 - (MOST_BITS_DROPPED * levels).round())),
    "solarize": Change(lambda images, levels: intensity.solarize(images, ABOVE_WHITE * (1 - levels))),
    "autocontrast": Change(lambda images, levels: intensity.autocontrast(images)),
    "equalize": Change(lambda images, levels: intensity.equalize(images)),
    "invert": Change(lambda images, levels: intensity.invert(images)),
}

OPERATIONS = ("identity", *MOVES, *CHANGES)
"""Operations are known by their place in here."""

_LARGEST_MOVES = torch.tensor(list(MOVES.values()))
_IS_SIGNED = torch.tensor([name in MOVES or (name in CHANGES and CHANGES[name].is_signed) for name in OPERATIONS])


def apply_operations(images_BCHW: Tensor, numbers_B: Tensor, levels_B: Tensor, draws: Draws) -> Tensor:
    """Changes each image by the operation of its number at its level in [0, 1]; the sign is drawn here.

    Numbers and levels are on the CPU, so that sorting the images by operation never waits for their device.
    """
    signs_B = 2 * draws.integers(2, len(numbers_B)) - 1
    levels_B = torch.where(_IS_SIGNED[numbers_B], signs_B, 1) * levels_B
    order_B = numbers_B.argsort(stable=True)
    places_B = order_B.to(images_BCHW.device, non_blocking=True)
    sorted_BCHW = images_BCHW.index_select(0, places_B)
    _apply_in_place(sorted_BCHW, numbers_B[order_B], levels_B[order_B])
    return torch.empty_like(images_BCHW).index_copy_(0, places_B, sorted_BCHW)


def _apply_in_place(images_BCHW: Tensor, numbers_B: Tensor, levels_B: Tensor) -> None:
    """The same for images in the order of their operations, so that those of one operation are one slice."""
    ends = torch.searchsorted(numbers_B, torch.arange(len(OPERATIONS)), right=True).tolist()
    moved = slice(ends[0], ends[len(MOVES)])
    if moved.start < moved.stop:
        images_BCHW[moved] = _move(images_BCHW[moved], numbers_B[moved], levels_B[moved])
    levels_B = levels_B.to(images_BCHW.device, non_blocking=True)
    changed = ends[len(MOVES) :]
    for change, start, end in zip(CHANGES.values(), changed, changed[1:], strict=False):
        if start < end:
            images_BCHW[start:end] = change.apply(images_BCHW[start:end], levels_B[start:end])


def _move(images_NCHW: Tensor, numbers_N: Tensor, levels_N: Tensor) -> Tensor:
    """All moves in one sampling."""
    amounts_N5 = _LARGEST_MOVES[numbers_N - 1] * levels_N[:, None]
    matrices_N23 = geometry.affine_matrices(*amounts_N5.unbind(1)).to(images_NCHW.device, non_blocking=True)
    return geometry.affine(images_NCHW, matrices_N23, ground=GREY if images_NCHW.shape[1] > 1 else 0)


def _factors(levels_N: Tensor) -> Tensor:
    return 1 + LARGEST_FACTOR_CHANGE * levels_N

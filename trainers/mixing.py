"""mixup and CutMix: every image of a batch is mixed with another one, and so are their classes."""

# B images of this worker, N of all workers, C channels, H height, W width

import math
import random
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.distributed import World
from trainers.draws import Draws


@dataclass(frozen=True)
class MixedImages:
    """Images that belong to two classes each."""

    images: Tensor
    """B × C × H × W."""
    partner_labels: Tensor
    """B."""
    share: float
    """λ: how much the first class counts; the partner's counts 1 − λ."""


@dataclass(frozen=True)
class Mixing:
    """mixup (arXiv:1710.09412) with λ ~ Beta(`mixup_alpha`, same), CutMix (arXiv:1905.04899) likewise; 0 is off.

    λ, the box and the order of partners are drawn once per batch, as in the authors' code. If both are on, a fair
    coin takes one for each batch, as in timm.
    """

    mixup_alpha: float
    cutmix_alpha: float

    def __post_init__(self) -> None:
        for name in ("mixup_alpha", "cutmix_alpha"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")

    def __call__(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws, world: World) -> MixedImages:
        """The images, each mixed with one of the global batch, which may be its own and on any worker.

        Several workers gather the images for that, so that the partners are those that one worker would draw.
        """
        if self.mixup_alpha == self.cutmix_alpha == 0:
            return MixedImages(images_BCHW, labels_B, 1.0)
        labels_N = world.gather(labels_B)
        order_N = torch.randperm(len(labels_N), generator=draws.shared_generator).to(labels_B.device)
        partners_B = order_N[world.slice_of(len(labels_N))]
        others_BCHW = world.gather(images_BCHW)[partners_B]
        # torch draws no Beta from a generator.
        dice = random.Random(int(torch.randint(2**62, (), generator=draws.shared_generator)))  # noqa: S311
        if self._takes_mixup(dice):
            share = dice.betavariate(self.mixup_alpha, self.mixup_alpha)
            mixed_BCHW = share * images_BCHW + (1 - share) * others_BCHW
        else:
            wanted = dice.betavariate(self.cutmix_alpha, self.cutmix_alpha)
            mixed_BCHW, share = _cut(images_BCHW, others_BCHW, wanted, dice)
        return MixedImages(mixed_BCHW, labels_N[partners_B], share)

    def _takes_mixup(self, dice: random.Random) -> bool:
        if self.mixup_alpha > 0 and self.cutmix_alpha > 0:
            return dice.random() < 0.5
        return self.mixup_alpha > 0


def _cut(images_BCHW: Tensor, others_BCHW: Tensor, share: float, dice: random.Random) -> tuple[Tensor, float]:
    """A box of 1 − `share` of the area, around any pixel, from the others. Returns what share is left."""
    height, width = images_BCHW.shape[2:]
    rows = _interval(height, math.sqrt(1 - share), dice)
    columns = _interval(width, math.sqrt(1 - share), dice)
    mixed_BCHW = images_BCHW.clone()
    mixed_BCHW[:, :, rows, columns] = others_BCHW[:, :, rows, columns]
    boxed = (rows.stop - rows.start) * (columns.stop - columns.start)
    return mixed_BCHW, 1 - boxed / (height * width)


def _interval(pixels: int, part: float, dice: random.Random) -> slice:
    centre, half = dice.randrange(pixels), int(pixels * part) // 2
    return slice(max(centre - half, 0), min(centre + half, pixels))

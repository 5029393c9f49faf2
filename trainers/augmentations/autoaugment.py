"""AutoAugment (arXiv:1805.09501): pairs of operations that a search found to help on one kind of images."""

# B images, C channels, H height, W width, R rows of the policy

from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.augmentations.operations import OPERATIONS, apply_operations
from trainers.augmentations.policies import LARGEST_LEVEL, Policy
from trainers.draws import Draws


@dataclass(frozen=True)
class AutoAugment:
    """The learned policy. It carries its own strengths, so it has no magnitude."""

    policy: Policy

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image changed by a row of the policy, drawn uniformly."""
        rows_B = draws.integers(len(self.policy), len(images_BCHW))
        for steps_R in zip(*self.policy, strict=True):
            names, probabilities, levels = zip(*steps_R, strict=True)
            is_done_B = draws.uniform(0, 1, len(rows_B)) < torch.tensor(probabilities)[rows_B]
            numbers_B = torch.tensor([OPERATIONS.index(name) for name in names])[rows_B]
            numbers_B = torch.where(is_done_B, numbers_B, OPERATIONS.index("identity"))
            levels_B = torch.tensor(levels)[rows_B] / LARGEST_LEVEL
            images_BCHW = apply_operations(images_BCHW, numbers_B, levels_B, draws)
        return images_BCHW

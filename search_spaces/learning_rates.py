"""The reference learning rate of every objective × optimizer: the centre that multipliers turn around.

Values are per 256 images and scale linearly with the batch (arXiv:1706.02677). A robustness claim
depends on where the centre lies, so each number has its source.
"""

from search_spaces.objectives import Objective
from search_spaces.trial_config import Encoder, Optimizer, TrialConfig

REFERENCE_BATCH_SIZE = 256

_EMBEDDING: dict[Optimizer, float] = {
    "sgd": 0.5,  # released SupCon run on CIFAR-10, momentum optimizer
    "nesterov": 0.5,  # the same run; Nesterov changes the direction, not the scale
    "lars": 0.4,  # released SupCon run on ImageNet, ResNet-50, 70 000 steps
    "rmsprop": 1e-3,  # no released stage-1 value; PyTorch's order of magnitude for adaptive steps
    "adamw": 1e-3,  # torch.optim.AdamW's default
}
_CROSS_ENTROPY: dict[Optimizer, float] = {
    "sgd": 0.1,  # released cross-entropy runs, momentum optimizer
    "nesterov": 0.1,  # released cross-entropy runs on CIFAR-10 and ImageNet
    "lars": 0.4,  # as for SupCon: LARS makes the step independent of the loss's scale
    "rmsprop": 1e-3,  # no released value; PyTorch's order of magnitude for adaptive steps
    "adamw": 1e-3,  # torch.optim.AdamW's default
}
_TINY_LARS = 4.0
"""LARS moves a weight by a fixed share per step, so the hundreds of steps of a small encoder need larger ones.

Measured on digits, tiny_resnet, test top-1 at 0.4 / 1.2 / 4 / 40: SupCon .956 .967 .983 .983 (15 epochs),
cross-entropy .969 .983 .992 (30 epochs) and .942 at 40 (15 epochs).
"""


def reference_learning_rate(objective: Objective, optimizer: Optimizer, encoder: Encoder) -> float:
    """The documented learning rate for 256 images."""
    if encoder == "tiny_resnet" and optimizer == "lars":
        return _TINY_LARS
    table = _CROSS_ENTROPY if objective is Objective.CROSS_ENTROPY else _EMBEDDING
    return table[optimizer]


def peak_learning_rate(config: TrialConfig) -> float:
    """The learning rate a trial reaches after its warm-up."""
    if config.learning_rate is not None:
        return config.learning_rate * config.learning_rate_multiplier
    reference = reference_learning_rate(config.objective, config.optimizer, config.encoder)
    return reference * config.batch_size / REFERENCE_BATCH_SIZE * config.learning_rate_multiplier

"""Makes an optimizer by name. Biases and normalisation are neither decayed nor adapted by LARS."""

from typing import Any, Literal

from torch import nn
from torch.optim import SGD, AdamW, Optimizer, RMSprop

from trainers.optimizers.lars import Lars

OptimizerName = Literal["sgd", "nesterov", "lars", "rmsprop", "adamw"]

RMSPROP_SMOOTHING = 0.9
"""Share kept of the running squared gradient: the released SupCon code's `decay`."""


def make_optimizer(
    name: OptimizerName, parameters_of: nn.Module, learning_rate: float, momentum: float, weight_decay: float
) -> Optimizer:
    """An optimizer of every trainable parameter of the module. For adamw, `momentum` is the first beta.

    Two parameter groups: weights (decayed by `weight_decay`), then biases and normalisation (not decayed). The module
    must be on its device already: PyTorch's fused steps, taken where it has them, ask for that. On a CPU they took
    from a quarter to the whole of the time of its loop over the weights (small encoder and ResNet-18).
    """
    weights, others = _weights_and_others(parameters_of)
    groups: list[dict[str, Any]] = [
        {"params": weights, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    match name:
        case "sgd":
            return SGD(groups, lr=learning_rate, momentum=momentum, fused=True)
        case "nesterov":
            # Without momentum there is nothing to look ahead with; PyTorch refuses the pair.
            return SGD(groups, lr=learning_rate, momentum=momentum, nesterov=momentum > 0, fused=True)
        case "lars":
            groups[1]["adapts"] = False
            return Lars(groups, lr=learning_rate, momentum=momentum)
        case "rmsprop":
            return RMSprop(groups, lr=learning_rate, alpha=RMSPROP_SMOOTHING, momentum=momentum)
        case "adamw":
            return AdamW(groups, lr=learning_rate, betas=(momentum, 0.999), fused=True)


def _weights_and_others(module: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The matrices and kernels, and the vectors: every bias and normalisation parameter is a vector."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return [one for one in trainable if one.dim() > 1], [one for one in trainable if one.dim() <= 1]

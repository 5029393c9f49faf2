"""LARS: each weight's step is proportional to its own length, whatever the gradient's (arXiv:1708.03888).

Follows the variant of the released SimCLR and SupCon code: decay joins the gradient before the trust ratio, and the
learning rate is applied inside the momentum.
"""

from collections.abc import Callable
from typing import Any, overload

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, ParamsT


class Lars(Optimizer):
    """Layer-wise adaptive rate scaling.

    v ← `momentum`·v + `lr`·r·g, w ← w − v with g = ∂w + `weight_decay`·w and r = `trust_coefficient`·‖w‖/‖g‖, or 1
    where a norm is 0. A parameter group with `adapts=False` takes r = 1: for biases and normalisation.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust_coefficient: float = 0.001,
        adapts: bool = True,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "trust_coefficient": trust_coefficient,
            "adapts": adapts,
        }
        super().__init__(params, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One update of every parameter that has a gradient; the closure's loss, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return loss

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        gradient = gradient.add(weight, alpha=group["weight_decay"])
        if group["adapts"]:
            gradient.mul_(_trust_ratio(weight, gradient, group["trust_coefficient"]))
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        velocity = state["velocity"]
        velocity.mul_(group["momentum"]).add_(gradient, alpha=group["lr"])
        weight.sub_(velocity)


def _trust_ratio(weight: Tensor, gradient: Tensor, trust_coefficient: float) -> Tensor:
    """Scalar tensor, so that nothing waits for the device."""
    weight_norm, gradient_norm = weight.norm(), gradient.norm()
    ratio = trust_coefficient * weight_norm / gradient_norm
    return torch.where((weight_norm > 0) & (gradient_norm > 0), ratio, 1.0)

"""LARS: each weight's step is proportional to its own length, whatever the gradient's (arXiv:1708.03888).

Follows the variant of the released SimCLR and SupCon code: decay joins the gradient before the trust ratio, and the
learning rate is applied inside the momentum.
"""

# P weights

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
            pairs = [(weight, weight.grad) for weight in group["params"] if weight.grad is not None]
            if pairs:
                self._update([weight for weight, _ in pairs], [gradient for _, gradient in pairs], group)
        return loss

    def _update(self, weights: list[Tensor], partials: list[Tensor], group: dict[str, Any]) -> None:
        """All weights of a group together: a few calls, where a loop would make a dozen per weight."""
        gradients = torch._foreach_add(partials, weights, alpha=group["weight_decay"])
        if group["adapts"]:
            torch._foreach_mul_(gradients, _trust_ratios(weights, gradients, group["trust_coefficient"]))
        velocities = [self._velocity_of(weight) for weight in weights]
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, gradients, alpha=group["lr"])
        torch._foreach_sub_(weights, velocities)

    def _velocity_of(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        velocity: Tensor = state["velocity"]
        return velocity


def _trust_ratios(weights: list[Tensor], gradients: tuple[Tensor, ...], trust_coefficient: float) -> tuple[Tensor, ...]:
    """One scalar tensor per weight, so that nothing waits for the device."""
    weight_norms_P = torch.stack(torch._foreach_norm(weights))
    gradient_norms_P = torch.stack(torch._foreach_norm(gradients))
    ratios_P = trust_coefficient * weight_norms_P / gradient_norms_P
    return torch.where((weight_norms_P > 0) & (gradient_norms_P > 0), ratios_P, 1.0).unbind()

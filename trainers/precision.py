"""The arithmetic of a training step: full, or 16 bits where PyTorch finds them safe. Weights stay in float32."""

from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

PrecisionName = Literal["fp32", "bf16", "fp16"]

SHORT_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """Runs forward, backward and step. fp16 scales its losses, for its gradients would vanish (arXiv:1710.03740)."""

    def __init__(self, name: PrecisionName, device: torch.device) -> None:
        self._short_type = SHORT_TYPES.get(name)
        self._device = device
        self._scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def forward(self) -> AbstractContextManager[Any]:
        """Where a model's forward pass belongs."""
        return torch.autocast(self._device.type, dtype=self._short_type, enabled=self._short_type is not None)

    def step(self, loss: Tensor, optimizer: Optimizer, module: nn.Module, gradient_clip: float | None) -> None:
        """One step down the gradient of `loss`, cut to a norm of `gradient_clip`; fp16 skips one that overflows."""
        optimizer.zero_grad()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if gradient_clip is not None:
            self._scaler.unscale_(optimizer)
            clip_grad_norm_(module.parameters(), gradient_clip)
        self._scaler.step(optimizer)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs: empty but for fp16."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from the state of an equal precision."""
        self._scaler.load_state_dict(state)

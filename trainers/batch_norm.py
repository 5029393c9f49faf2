"""Batch normalisation over the batch of all workers, so that W workers normalise as one does.

PyTorch's own SyncBatchNorm does it on GPUs and refuses CPUs; there it is computed here, by the definition
(arXiv:1502.03167, Algorithm 1).
"""

# R images of this worker, C channels, P places of an image

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm

from trainers.distributed import World


def synchronise_batch_norm(module: nn.Module, world: World, device: torch.device) -> nn.Module:
    """The module with its batch normalisations replaced; weights and their names stay. Alone, the module as it is."""
    if world.size == 1:
        return module
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        return converted
    if isinstance(module, _BatchNorm):
        return SynchronisedBatchNorm(module, world)
    for name, child in module.named_children():
        setattr(module, name, synchronise_batch_norm(child, world, device))
    return module


class SynchronisedBatchNorm(_BatchNorm):
    """Takes the weights and statistics of another batch normalisation over, which has a momentum and both of them."""

    def __init__(self, other: _BatchNorm, world: World) -> None:
        super().__init__(other.num_features, other.eps, other.momentum)
        self._world = world
        self.weight, self.bias = other.weight, other.bias
        self.load_state_dict(other.state_dict())

    def forward(self, rows_RC: Tensor) -> Tensor:
        """Any number of places behind the channels; a worker may have no images of a small batch."""
        if not self.training:
            return batch_norm(rows_RC, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        rows_RCP = rows_RC.float().flatten(2) if rows_RC.dim() > 2 else rows_RC.float().unsqueeze(2)
        places = self._world.sum(torch.tensor(float(rows_RCP[:, 0].numel()), device=rows_RC.device))
        mean_C = self._world.sum_with_gradient(rows_RCP.sum(dim=(0, 2))) / places
        centred_RCP = rows_RCP - mean_C[:, None]
        variance_C = self._world.sum_with_gradient(centred_RCP.square().sum(dim=(0, 2))) / places
        self._remember(mean_C.detach(), variance_C.detach() * places / (places - 1))
        scale_C1 = (self.weight * (variance_C + self.eps).rsqrt())[:, None]
        return (centred_RCP * scale_C1 + self.bias[:, None]).view_as(rows_RC).to(rows_RC.dtype)

    def _remember(self, mean_C: Tensor, variance_C: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.running_mean.lerp_(mean_C, self.momentum)
        self.running_var.lerp_(variance_C, self.momentum)
        self.num_batches_tracked += 1

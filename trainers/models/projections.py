"""The head between encoder and contrastive loss, dropped after training: the probe reads the encoder's features."""

# B images, F features, D embedding

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

ProjectionKind = Literal["none", "linear", "mlp"]


def make_projection(kind: ProjectionKind, feature_dim: int, projection_dim: int, normalised: bool) -> nn.Module:
    """A module from features_BF to embeddings_BD, on the unit sphere if `normalised`.

    As in arXiv:2004.11362, Sec. 3.1, and its released code, the pooled features are L2-normalised first, the hidden
    layer is as wide as they are, and the last layer has no bias. With "none", D is F and `projection_dim` is unused.
    """
    head = _HEADS[kind](feature_dim, projection_dim)
    return nn.Sequential(_UnitLength(), *head, *([_UnitLength()] if normalised else []))


class _UnitLength(nn.Module):
    """Divides each row by its Euclidean length; in float32 at least, for three digits of bf16 are too few for low τ."""

    def forward(self, rows_BD: Tensor) -> Tensor:
        return normalize(rows_BD.to(torch.promote_types(rows_BD.dtype, torch.float32)), dim=1)


def _no_head(feature_dim: int, projection_dim: int) -> list[nn.Module]:
    return []


def _linear(feature_dim: int, projection_dim: int) -> list[nn.Module]:
    return [nn.Linear(feature_dim, projection_dim, bias=False)]


def _mlp(feature_dim: int, projection_dim: int) -> list[nn.Module]:
    hidden = nn.Linear(feature_dim, feature_dim)
    # PyTorch's random bias would be as large as what a unit-length input gives, and hide it.
    nn.init.zeros_(hidden.bias)
    return [hidden, nn.ReLU(), *_linear(feature_dim, projection_dim)]


_HEADS = {"none": _no_head, "linear": _linear, "mlp": _mlp}

"""Supervised contrastive loss, exact at every temperature, in memory that is linear in the number of embeddings.

Two traps of published versions are avoided: the similarity of an embedding to itself is masked before the row
maximum is taken (else low temperatures give NaN), and an anchor without positives leaves the mean.
"""

# B images, V views, D embedding; N anchors, M keys; forward: N = M = B·V

import math
from typing import Literal

import torch
from torch import Tensor, nn

from trainers.losses.contrast import Contrast, contrast_of
from trainers.losses.embedding_loss import AnchorSum
from trainers.losses.log_sum_exp import ChunkSize, weighted_log_sum_exp

Summation = Literal["out", "in"]


class SupConLoss(nn.Module):
    """L_out or L_in, Eqs. 2 and 3 of arXiv:2004.11362: the mean over the anchors that have a positive, scaled by τ.

    `temperature` is τ > 0. The scale is τ / `base_temperature`; none is τ itself, as in the paper (Sec. 3.2).
    Without `scale_by_temperature` it is 1, and the gradient grows with 1/τ.
    `summation` says whether positives are summed outside the logarithm or inside it.
    `positives_cap` is the most positives an anchor may have: the other views of its image, then the keys of its class
    that come next. Those beyond it leave the denominator too, lest they count as negatives (the paper's supplement,
    "Effect of Number of Positives").
    `chunk_size` is the number of anchors whose similarities are held at once; "fused" is a Triton kernel for float32 on
    a GPU, which holds none and gives the same numbers. "auto" is that kernel where it can be, and else chooses the
    number for the caches of a core.
    """

    def __init__(
        self,
        temperature: float = 0.1,
        base_temperature: float | None = None,
        summation: Summation = "out",
        scale_by_temperature: bool = True,
        positives_cap: int | None = None,
        chunk_size: ChunkSize = "auto",
    ) -> None:
        super().__init__()
        _check_positive("temperature", temperature)
        if base_temperature is not None:
            _check_positive("base_temperature", base_temperature)
            if not scale_by_temperature:
                raise ValueError(f"base_temperature must be none without scale_by_temperature, got {base_temperature}")
        if summation not in ("out", "in"):
            raise ValueError(f"summation must be 'out' or 'in', got {summation!r}")
        if positives_cap is not None and positives_cap < 1:
            raise ValueError(f"positives_cap must be at least 1, or none, got {positives_cap}")
        if chunk_size not in ("auto", "fused") and not (isinstance(chunk_size, int) and chunk_size >= 1):
            raise ValueError(f"chunk_size must be at least 1, 'auto' or 'fused', got {chunk_size!r}")
        self.temperature = temperature
        self.summation = summation
        self.scale = temperature / (base_temperature or 1.0) if scale_by_temperature else 1.0
        self.positives_cap = positives_cap
        self.chunk_size = chunk_size

    def forward(self, embeddings_BVD: Tensor, labels_B: Tensor | None = None) -> Tensor:
        """The scalar loss. Embeddings are taken as given: on the unit sphere if the projection put them there.

        Without labels every image is its own class: SimCLR (arXiv:2002.05709). Computed in float32 at least. Zero,
        and connected to the graph, if no anchor has a positive.
        """
        _check_shapes(embeddings_BVD, labels_B)
        images, views, _ = embeddings_BVD.shape
        if labels_B is None:
            labels_B = torch.arange(images, device=embeddings_BVD.device)
        rows_ND, labels_N = embeddings_BVD.flatten(0, 1), labels_B.repeat_interleave(views)
        columns_N = torch.arange(len(rows_ND), device=rows_ND.device)
        return self.against(rows_ND, labels_N, rows_ND, labels_N, columns_N, views_per_image=views).mean()

    def against(
        self,
        anchors_ND: Tensor,
        anchor_labels_N: Tensor,
        keys_MD: Tensor,
        key_labels_M: Tensor,
        own_columns_N: Tensor | None = None,
        *,
        views_per_image: int = 1,
    ) -> AnchorSum:
        """The loss of anchors whose contrast is all the keys but their own column; none have one by default.

        Anchors and keys get their gradients, each if it requires one. So W workers that hold a share of the anchors
        each, and gather the keys with their gradients, get the gradient of one worker: a worker's share of the loss
        is its `total` over the sum of all the workers' `anchors`. Keys without gradient are a memory queue.
        `views_per_image` matters to `positives_cap` alone: so many neighbouring keys, from column 0 on, are an image.
        """
        _check_rows("anchor", anchors_ND, anchor_labels_N)
        _check_rows("key", keys_MD, key_labels_M)
        if len(keys_MD) == 0:
            raise ValueError("anchors need at least one key, got none")
        contrast = contrast_of(
            anchor_labels_N,
            key_labels_M,
            own_columns_N,
            positives_cap=self.positives_cap,
            views_per_image=views_per_image,
        )
        precision = torch.promote_types(anchors_ND.dtype, torch.float32)
        with torch.autocast(anchors_ND.device.type, enabled=False):
            total = self._unscaled(anchors_ND.to(precision), keys_MD.to(precision), contrast)
        return AnchorSum(self.scale * total, (contrast.positives_N > 0).sum())

    def of_equal_embeddings(self, key_labels_M: Tensor) -> float:
        """What equal embeddings of one batch cost: the mean of ln(keys that an anchor is contrasted with), scaled."""
        others = len(key_labels_M) - 1
        if self.positives_cap is None:
            return self.scale * math.log(others)
        _, classes_M, sizes_K = torch.unique(key_labels_M, return_inverse=True, return_counts=True)
        beyond_K = (sizes_K - 1 - self.positives_cap).clamp(min=0)
        counts_M = (sizes_K > 1)[classes_M]
        contrasted = (others - beyond_K[classes_M])[counts_M]
        return self.scale * float(contrasted.log().sum()) / max(len(contrasted), 1)

    def _unscaled(self, anchors_ND: Tensor, keys_MD: Tensor, contrast: Contrast) -> Tensor:
        weights_N = (contrast.positives_N > 0).to(anchors_ND.dtype)
        normaliser = self._log_sum_exp(anchors_ND, keys_MD, weights_N, contrast, positives_only=False)
        if self.summation == "in":
            counts = (weights_N * contrast.positives_N.clamp(min=1).log()).sum()
            return (
                normaliser - self._log_sum_exp(anchors_ND, keys_MD, weights_N, contrast, positives_only=True) + counts
            )
        # Where there is no positive their mean is zero, and so is the weight.
        return normaliser - (anchors_ND * contrast.mean_positive(keys_MD)).sum() / self.temperature

    def _log_sum_exp(
        self, anchors_ND: Tensor, keys_MD: Tensor, weights_N: Tensor, contrast: Contrast, *, positives_only: bool
    ) -> Tensor:
        return weighted_log_sum_exp(
            anchors_ND,
            keys_MD,
            weights_N,
            self.temperature,
            contrast,
            positives_only=positives_only,
            chunk_size=self.chunk_size,
        )


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be > 0, got {value}")


def _check_shapes(embeddings_BVD: Tensor, labels_B: Tensor | None) -> None:
    if embeddings_BVD.dim() != 3:
        raise ValueError(f"embeddings must have the shape images × views × width, got {tuple(embeddings_BVD.shape)}")
    if labels_B is not None and labels_B.shape != embeddings_BVD.shape[:1]:
        raise ValueError(f"labels must be one per image ({len(embeddings_BVD)}), got {tuple(labels_B.shape)}")


def _check_rows(name: str, rows_ND: Tensor, labels_N: Tensor) -> None:
    if rows_ND.dim() != 2:
        raise ValueError(f"{name}s must have the shape rows × width, got {tuple(rows_ND.shape)}")
    if labels_N.shape != rows_ND.shape[:1]:
        raise ValueError(f"{name} labels must be one per {name} ({len(rows_ND)}), got {tuple(labels_N.shape)}")

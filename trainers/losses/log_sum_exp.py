"""The log-sum-exp of similarities that a contrastive loss is normalised by, without ever holding all N·M of them.

Anchors are taken in chunks, and each chunk leaves its part of both gradients before the next one comes: one exponential
per pair and 6·N·M·D operations for value and gradients together.
"""

# N anchors, M keys, D embedding, C anchors of a chunk

from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from trainers.losses.contrast import NO_COLUMN, Contrast

ChunkSize = int | Literal["auto", "fused"]

WIDEST_FUSED = 128
"""The width up to which a block of the kernel needs less than the 99 kB of shared memory of every GPU since Ampere."""

PAIRS_PER_CHUNK = {"cpu": 2**19, "cuda": 2**22}
"""Similarities held at once. 2 MB in float32 stay in a core's caches; on a GPU so few would be all launching."""


def weighted_log_sum_exp(
    anchors_ND: Tensor,
    keys_MD: Tensor,
    weights_N: Tensor,
    temperature: float,
    contrast: Contrast,
    *,
    positives_only: bool = False,
    chunk_size: ChunkSize = "auto",
) -> Tensor:
    """Σ_i weights_i · log Σ_a exp(x_i·k_a/τ), a scalar; a runs over i's contrasted keys, or over its positives alone.

    An anchor that has no such a must have weight 0. Differentiable once, by anchors and keys; a gradient that is not
    required costs nothing. `chunk_size` is the number of anchors taken at once, or "fused" for the Triton kernel;
    "auto" is the kernel on a GPU, where it takes these numbers, and PAIRS_PER_CHUNK pairs elsewhere.
    """
    rows = anchors_ND.detach(), keys_MD.detach()
    wanted = anchors_ND.requires_grad, keys_MD.requires_grad
    count = chosen_chunk_size(anchors_ND, keys_MD) if chunk_size == "auto" else chunk_size
    if count == "fused":
        _check_fused(anchors_ND)
        # Triton is for Linux alone, and no small import.
        from trainers.losses.fused import fused_log_sum_exp  # noqa: PLC0415

        result = fused_log_sum_exp(*rows, weights_N, temperature, contrast, positives_only, *wanted)
    else:
        result = _chunked_log_sum_exp(*rows, weights_N, temperature, contrast, positives_only, *wanted, count)
    total: Tensor = _WithGradients.apply(anchors_ND, keys_MD, *result)
    return total


def chosen_chunk_size(anchors_ND: Tensor, keys_MD: Tensor) -> int | Literal["fused"]:
    """What "auto" means for these rows."""
    is_on_gpu = anchors_ND.device.type == "cuda"
    if is_on_gpu and _fits_fused(anchors_ND) and find_spec("triton"):
        return "fused"
    return max(1, PAIRS_PER_CHUNK["cuda" if is_on_gpu else "cpu"] // len(keys_MD))


def _fits_fused(rows_ND: Tensor) -> bool:
    return rows_ND.dtype == torch.float32 and rows_ND.shape[1] <= WIDEST_FUSED


def _check_fused(rows_ND: Tensor) -> None:
    if not _fits_fused(rows_ND):
        raise ValueError(
            f"chunk_size 'fused' takes float32 up to {WIDEST_FUSED} wide, got {rows_ND.dtype}, {rows_ND.shape[1]} wide"
        )


class _WithGradients(torch.autograd.Function):
    """A value whose gradients were made beside it, for the weights are known: backward only scales them."""

    @staticmethod
    def forward(
        ctx: Any, _anchors: Tensor, _keys: Tensor, total: Tensor, by_anchors: Tensor | None, by_keys: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(by_anchors, by_keys)
        return total.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        by_anchors, by_keys = (None if by is None else gradient * by for by in ctx.saved_tensors)
        return by_anchors, by_keys, None, None, None


@torch.no_grad()
def _chunked_log_sum_exp(
    anchors_ND: Tensor,
    keys_MD: Tensor,
    weights_N: Tensor,
    temperature: float,
    contrast: Contrast,
    positives_only: bool,
    wants_anchors: bool,
    wants_keys: bool,
    rows_per_chunk: int,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The value, its gradient by anchors and its gradient by keys."""
    by_anchors_ND = torch.empty_like(anchors_ND) if wants_anchors else None
    by_keys_MD = torch.zeros_like(keys_MD) if wants_keys else None
    total = anchors_ND.new_zeros(())
    # One for all chunks: two would be held while the next is made.
    pairs_CM = keys_MD.new_empty(min(rows_per_chunk, len(anchors_ND)), len(keys_MD))
    for start in range(0, len(anchors_ND), rows_per_chunk):
        rows = slice(start, start + rows_per_chunk)
        scaled_CD = anchors_ND[rows] / temperature
        shares_CM = torch.mm(scaled_CD, keys_MD.T, out=pairs_CM[: len(scaled_CD)])
        _leave_out(shares_CM, contrast, rows, positives_only)
        top_C1 = shares_CM.amax(dim=1, keepdim=True)
        shares_CM.sub_(top_C1).exp_()
        sums_C1 = shares_CM.sum(dim=1, keepdim=True)
        total += weights_N[rows] @ (top_C1 + sums_C1.log())[:, 0]
        # What is scaled is the narrow factor of each product, not the shares.
        factors_C1 = weights_N[rows, None] / sums_C1
        if by_anchors_ND is not None:
            by_anchors_ND[rows] = (shares_CM @ keys_MD).mul_(factors_C1 / temperature)
        if by_keys_MD is not None:
            by_keys_MD.addmm_(shares_CM.T, scaled_CD.mul_(factors_C1))
    return total, by_anchors_ND, by_keys_MD


def _leave_out(logits_CM: Tensor, contrast: Contrast, rows: slice, positives_only: bool) -> None:
    """Gives the lowest number to pairs that do not count.

    The lowest finite one, not −inf: an anchor without keys would otherwise have a NaN gradient.
    """
    lowest = torch.finfo(logits_CM.dtype).min
    left_out_CM = contrast.left_out(rows, positives_only=positives_only)
    if left_out_CM is not None:
        logits_CM.masked_fill_(left_out_CM, lowest)
    columns_C1 = contrast.own_columns_N[rows, None]
    own_C1 = logits_CM.gather(1, columns_C1.clamp(min=0))
    logits_CM.scatter_(1, columns_C1.clamp(min=0), own_C1.masked_fill(columns_C1 != NO_COLUMN, lowest))

"""The log-sum-exp of similarities that a contrastive loss is normalised by, without ever holding all N·M of them.

Anchors are taken in chunks, and each chunk leaves its part of both gradients before the next one comes: one exponential
per pair and 6·N·M·D operations for value and gradients together.
"""

# N anchors, M keys, D embedding, C anchors of a chunk

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from trainers.losses.contrast import NO_COLUMN, Contrast

PAIRS_PER_CHUNK = 2**20
"""Similarities held at once: 4 MB in float32, about what a core's caches take."""


def weighted_log_sum_exp(
    anchors_ND: Tensor,
    keys_MD: Tensor,
    weights_N: Tensor,
    temperature: float,
    contrast: Contrast,
    *,
    positives_only: bool = False,
    rows_per_chunk: int | None = None,
) -> Tensor:
    """Σ_i weights_i · log Σ_a exp(x_i·k_a/τ), a scalar; a runs over i's contrasted keys, or over its positives alone.

    An anchor that has no such a must have weight 0. Differentiable once, by anchors and keys; what needs no gradient
    costs none. `rows_per_chunk` anchors are taken at once; None makes chunks of PAIRS_PER_CHUNK pairs.
    """
    rows = rows_per_chunk or max(1, PAIRS_PER_CHUNK // len(keys_MD))
    total: Tensor = _WeightedLogSumExp.apply(
        anchors_ND, keys_MD, weights_N, temperature, contrast, positives_only, rows
    )
    return total


class _WeightedLogSumExp(torch.autograd.Function):
    """The gradients are made beside the value, for the weights are known: backward only scales them."""

    @staticmethod
    def forward(
        ctx: Any,
        anchors_ND: Tensor,
        keys_MD: Tensor,
        weights_N: Tensor,
        temperature: float,
        contrast: Contrast,
        positives_only: bool,
        rows_per_chunk: int,
    ) -> Tensor:
        by_anchors_ND = torch.empty_like(anchors_ND) if ctx.needs_input_grad[0] else None
        by_keys_MD = torch.zeros_like(keys_MD) if ctx.needs_input_grad[1] else None
        total = anchors_ND.new_zeros(())
        for start in range(0, len(anchors_ND), rows_per_chunk):
            rows = slice(start, start + rows_per_chunk)
            scaled_CD = anchors_ND[rows] / temperature
            shares_CM = scaled_CD @ keys_MD.T
            _leave_out(shares_CM, contrast, rows, positives_only=positives_only)
            top_C1 = shares_CM.amax(dim=1, keepdim=True)
            shares_CM.sub_(top_C1).exp_()
            sums_C1 = shares_CM.sum(dim=1, keepdim=True)
            total += weights_N[rows] @ (top_C1 + sums_C1.log())[:, 0]
            # The small factors of the products are scaled, not the shares.
            factors_C1 = weights_N[rows, None] / sums_C1
            if by_anchors_ND is not None:
                torch.mm(shares_CM, keys_MD, out=by_anchors_ND[rows]).mul_(factors_C1 / temperature)
            if by_keys_MD is not None:
                by_keys_MD.addmm_(shares_CM.T, scaled_CD.mul_(factors_C1))
        ctx.save_for_backward(by_anchors_ND, by_keys_MD)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        by_anchors_ND, by_keys_MD = ctx.saved_tensors
        return (
            None if by_anchors_ND is None else gradient * by_anchors_ND,
            None if by_keys_MD is None else gradient * by_keys_MD,
            *(None,) * 5,
        )


def _leave_out(logits_CM: Tensor, contrast: Contrast, rows: slice, *, positives_only: bool) -> None:
    """Gives the lowest number to pairs that do not count. Done before the maximum is taken: see `SupConLoss`.

    The lowest finite one, not −inf: an anchor without keys would otherwise have a NaN gradient.
    """
    lowest = torch.finfo(logits_CM.dtype).min
    left_out_CM = contrast.left_out(rows, positives_only=positives_only)
    if left_out_CM is not None:
        logits_CM.masked_fill_(left_out_CM, lowest)
    columns_C1 = contrast.own_columns_N[rows, None]
    own_C1 = logits_CM.gather(1, columns_C1.clamp(min=0))
    logits_CM.scatter_(1, columns_C1.clamp(min=0), own_C1.masked_fill(columns_C1 != NO_COLUMN, lowest))

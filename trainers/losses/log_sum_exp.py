"""The log-sum-exp of similarities that a contrastive loss is normalised by, without ever holding all N² of them.

Rows are taken in chunks, and each chunk leaves its part of the gradient before the next one comes: one exponential
per pair and 6·N²·D operations for value and gradient together.
"""

# N rows, D embedding, C rows of a chunk

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

PAIRS_PER_CHUNK = 2**20
"""Similarities held at once: 4 MB in float32, about what a core's caches take."""


def weighted_log_sum_exp(
    rows_ND: Tensor, weights_N: Tensor, temperature: float, classes_N: Tensor | None = None
) -> Tensor:
    """Σ_i weights_i · log Σ_{a≠i} exp(z_i·z_a/τ), a scalar; with classes, a runs over the rows of i's class alone.

    A row that has no such a must have weight 0. Differentiable once, by the rows only.
    """
    total: Tensor = _WeightedLogSumExp.apply(rows_ND, weights_N, temperature, classes_N)
    return total


class _WeightedLogSumExp(torch.autograd.Function):
    """The gradient is made beside the value, for the weights are known: backward only scales it."""

    @staticmethod
    def forward(ctx: Any, rows_ND: Tensor, weights_N: Tensor, temperature: float, classes_N: Tensor | None) -> Tensor:
        gradient_ND = torch.zeros_like(rows_ND)
        total = rows_ND.new_zeros(())
        chunk = max(1, PAIRS_PER_CHUNK // len(rows_ND))
        for start in range(0, len(rows_ND), chunk):
            own_CD, weights_C = rows_ND[start : start + chunk], weights_N[start : start + chunk]
            logits_CN = _masked_logits(rows_ND, start, len(own_CD), temperature, classes_N)
            top_C1 = logits_CN.amax(dim=1, keepdim=True)
            shares_CN = logits_CN.sub_(top_C1).exp_()
            sums_C = shares_CN.sum(dim=1)
            total += (weights_C * (top_C1[:, 0] + sums_C.log())).sum()
            shares_CN.mul_((weights_C / sums_C)[:, None])
            gradient_ND[start : start + chunk].addmm_(shares_CN, rows_ND)
            gradient_ND.addmm_(shares_CN.T, own_CD)
        ctx.save_for_backward(gradient_ND.div_(temperature))
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient_ND,) = ctx.saved_tensors
        return gradient * gradient_ND, None, None, None


def _masked_logits(rows_ND: Tensor, start: int, count: int, temperature: float, classes_N: Tensor | None) -> Tensor:
    """Similarities of `count` rows from `start` on to all rows, over τ; the lowest number where they do not count.

    The lowest finite one, not −inf: a lone row would otherwise have a NaN gradient.
    """
    own = slice(start, start + count)
    logits_CN = (rows_ND[own] @ rows_ND.T).div_(temperature)
    lowest = torch.finfo(logits_CN.dtype).min
    if classes_N is not None:
        logits_CN.masked_fill_(classes_N[own, None] != classes_N[None, :], lowest)
    logits_CN[:, own].fill_diagonal_(lowest)
    return logits_CN

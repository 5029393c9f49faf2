"""The log-sum-exp of `log_sum_exp.py` as two Triton kernels: similarities live in registers and never reach memory.

One kernel makes the values and the gradient by anchors, as flash attention does with the keys as its values
(arXiv:2205.14135); the other remakes the similarities for the gradient by keys: 8·N·M·D operations. The products are
float32, or TF32 where `torch.set_float32_matmul_precision` allows that. TRITON_INTERPRET=1 runs them on a CPU.
"""

# N anchors, M keys, D embedding, I anchors and J keys of a block
# mypy: allow-untyped-decorators, allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls

import torch
import triton  # type: ignore[import-untyped]
import triton.language as tl  # type: ignore[import-untyped]
from torch import Tensor

from trainers.losses.contrast import Contrast

BLOCK_I, BLOCK_J, WARPS = 64, 32, 8
"""The largest of which, compiled for an H100 at width 128, neither precision spills registers."""

LOWEST = tl.constexpr(torch.finfo(torch.float32).min)


def fused_log_sum_exp(
    anchors_ND: Tensor,
    keys_MD: Tensor,
    weights_N: Tensor,
    temperature: float,
    contrast: Contrast,
    positives_only: bool,
    wants_anchors: bool,
    wants_keys: bool,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The value, its gradient by anchors and its gradient by keys: see `weighted_log_sum_exp`, which checks them."""
    anchors_ND, keys_MD = anchors_ND.contiguous(), keys_MD.contiguous()
    (anchors, width), keys = anchors_ND.shape, len(keys_MD)
    options = {
        "POSITIVES_ONLY": positives_only,
        "CAPPED": contrast.is_capped,
        "BLOCK_D": max(16, triton.next_power_of_2(width)),
        "BLOCK_I": BLOCK_I,
        "BLOCK_J": BLOCK_J,
        "PRECISION": "ieee" if torch.get_float32_matmul_precision() == "highest" else "tf32",
        "num_warps": WARPS,
    }
    columns = _columns(contrast)
    log_sums_N, means_ND = torch.empty_like(weights_N), torch.empty_like(anchors_ND)
    by_anchor_kernel[(triton.cdiv(anchors, BLOCK_I),)](
        anchors_ND,
        keys_MD,
        *columns,
        log_sums_N,
        means_ND,
        anchors,
        keys,
        width,
        1 / temperature,
        wants_anchors,
        **options,
    )
    by_keys_MD = None
    if wants_keys:
        by_keys_MD = torch.empty_like(keys_MD)
        by_key_kernel[(triton.cdiv(keys, BLOCK_J),)](
            anchors_ND,
            keys_MD,
            *columns,
            weights_N,
            log_sums_N,
            by_keys_MD,
            anchors,
            keys,
            width,
            1 / temperature,
            **options,
        )
        by_keys_MD /= temperature
    by_anchors_ND = means_ND.mul_(weights_N[:, None] / temperature) if wants_anchors else None
    return weights_N @ log_sums_N, by_anchors_ND, by_keys_MD


def _columns(contrast: Contrast) -> list[Tensor]:
    """What `_logits` needs of anchors and keys to know what counts, in its order."""
    columns = [
        contrast.own_columns_N,
        contrast.anchor_classes_N,
        contrast.first_N,
        contrast.spans_N,
        contrast.sizes_N,
        contrast.key_classes_M,
        contrast.key_positions_M,
    ]
    return [column.int() for column in columns]


@triton.jit
def by_anchor_kernel(
    anchors_ptr, keys_ptr, own_ptr, class_ptr, first_ptr, span_ptr, size_ptr, key_class_ptr, key_position_ptr,
    log_sums_ptr, means_ptr, anchors, keys, width, sharpness, WANTS_MEANS: tl.constexpr,
    POSITIVES_ONLY: tl.constexpr, CAPPED: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_I: tl.constexpr,
    BLOCK_J: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Of a block of anchors: log-sum-exp, and the mean of the keys weighted by their shares in it."""
    row_I = tl.program_id(0) * BLOCK_I + tl.arange(0, BLOCK_I)
    x_ID = _rows(anchors_ptr, row_I, anchors, width, BLOCK_D)
    top_I = tl.full((BLOCK_I,), LOWEST, tl.float32)
    sum_I = tl.zeros((BLOCK_I,), tl.float32)
    mean_ID = tl.zeros((BLOCK_I, BLOCK_D), tl.float32)
    for start in range(0, keys, BLOCK_J):
        column_J = start + tl.arange(0, BLOCK_J)
        k_JD = _rows(keys_ptr, column_J, keys, width, BLOCK_D)
        logits_IJ = _logits(
            x_ID, k_JD, row_I, column_J, own_ptr, class_ptr, first_ptr, span_ptr, size_ptr, key_class_ptr,
            key_position_ptr, anchors, keys, sharpness, POSITIVES_ONLY, CAPPED, PRECISION,
        )  # fmt: skip
        new_top_I = tl.maximum(top_I, tl.max(logits_IJ, 1))
        shares_IJ = tl.exp(logits_IJ - new_top_I[:, None])
        faded_I = tl.exp(top_I - new_top_I)
        sum_I = sum_I * faded_I + tl.sum(shares_IJ, 1)
        if WANTS_MEANS:
            mean_ID = mean_ID * faded_I[:, None] + tl.dot(shares_IJ, k_JD, input_precision=PRECISION)
        top_I = new_top_I
    tl.store(log_sums_ptr + row_I, top_I + tl.log(sum_I), mask=row_I < anchors)
    if WANTS_MEANS:
        _store_rows(means_ptr, mean_ID / sum_I[:, None], row_I, anchors, width, BLOCK_D)


@triton.jit
def by_key_kernel(
    anchors_ptr, keys_ptr, own_ptr, class_ptr, first_ptr, span_ptr, size_ptr, key_class_ptr, key_position_ptr,
    weights_ptr, log_sums_ptr, sums_ptr, anchors, keys, width, sharpness,
    POSITIVES_ONLY: tl.constexpr, CAPPED: tl.constexpr, BLOCK_D: tl.constexpr, BLOCK_I: tl.constexpr,
    BLOCK_J: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Of a block of keys: the sum of the anchors, each times its weight and the key's share in its log-sum-exp."""
    column_J = tl.program_id(0) * BLOCK_J + tl.arange(0, BLOCK_J)
    k_JD = _rows(keys_ptr, column_J, keys, width, BLOCK_D)
    sum_JD = tl.zeros((BLOCK_J, BLOCK_D), tl.float32)
    for start in range(0, anchors, BLOCK_I):
        row_I = start + tl.arange(0, BLOCK_I)
        x_ID = _rows(anchors_ptr, row_I, anchors, width, BLOCK_D)
        logits_IJ = _logits(
            x_ID, k_JD, row_I, column_J, own_ptr, class_ptr, first_ptr, span_ptr, size_ptr, key_class_ptr,
            key_position_ptr, anchors, keys, sharpness, POSITIVES_ONLY, CAPPED, PRECISION,
        )  # fmt: skip
        weight_I = tl.load(weights_ptr + row_I, mask=row_I < anchors, other=0.0)
        log_sum_I = tl.load(log_sums_ptr + row_I, mask=row_I < anchors, other=0.0)
        shares_IJ = tl.exp(logits_IJ - log_sum_I[:, None]) * weight_I[:, None]
        sum_JD += tl.dot(tl.trans(shares_IJ), x_ID, input_precision=PRECISION)
    _store_rows(sums_ptr, sum_JD, column_J, keys, width, BLOCK_D)


@triton.jit
def _logits(
    x_ID, k_JD, row_I, column_J, own_ptr, class_ptr, first_ptr, span_ptr, size_ptr, key_class_ptr, key_position_ptr,
    anchors, keys, sharpness, POSITIVES_ONLY: tl.constexpr, CAPPED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Similarities over τ; the lowest number where a pair does not count. The rules are `Contrast.left_out`'s."""
    is_anchor_I, is_key_J = row_I < anchors, column_J < keys
    own_I = tl.load(own_ptr + row_I, mask=is_anchor_I, other=-1)
    counts_IJ = is_key_J[None, :] & (own_I[:, None] != column_J[None, :])
    if POSITIVES_ONLY or CAPPED:
        class_I = tl.load(class_ptr + row_I, mask=is_anchor_I, other=-1)
        class_J = tl.load(key_class_ptr + column_J, mask=is_key_J, other=-1)
        is_within_IJ = class_I[:, None] == class_J[None, :]
        if CAPPED:
            first_I = tl.load(first_ptr + row_I, mask=is_anchor_I, other=0)
            size_I = tl.load(size_ptr + row_I, mask=is_anchor_I, other=1)
            span_I = tl.load(span_ptr + row_I, mask=is_anchor_I, other=0)
            position_J = tl.load(key_position_ptr + column_J, mask=is_key_J, other=0)
            # Of one class both are below its size, so the sum is not negative.
            steps_IJ = (position_J[None, :] - first_I[:, None] + size_I[:, None]) % size_I[:, None]
            is_beyond_IJ = is_within_IJ & (steps_IJ >= span_I[:, None])
            counts_IJ = counts_IJ & ~is_beyond_IJ
        if POSITIVES_ONLY:
            counts_IJ = counts_IJ & is_within_IJ
    logits_IJ = tl.dot(x_ID, tl.trans(k_JD), input_precision=PRECISION) * sharpness
    return tl.where(counts_IJ, logits_IJ, LOWEST)


@triton.jit
def _rows(ptr, row_I, rows, width, BLOCK_D: tl.constexpr):
    d_D = tl.arange(0, BLOCK_D)
    is_inside_ID = (row_I[:, None] < rows) & (d_D[None, :] < width)
    return tl.load(ptr + row_I[:, None].to(tl.int64) * width + d_D[None, :], mask=is_inside_ID, other=0.0)


@triton.jit
def _store_rows(ptr, x_ID, row_I, rows, width, BLOCK_D: tl.constexpr):
    d_D = tl.arange(0, BLOCK_D)
    is_inside_ID = (row_I[:, None] < rows) & (d_D[None, :] < width)
    tl.store(ptr + row_I[:, None].to(tl.int64) * width + d_D[None, :], x_ID, mask=is_inside_ID)

"""Which keys an anchor is contrasted with, and which of those are its positives.

Every rule depends on the order of all keys alone, so that any split of the anchors, over chunks or workers, finds the
same pairs.
"""

# N anchors, M keys, K classes, D embedding, C anchors of a chunk
# ruff: noqa: N802, N815 (shape suffixes)

from dataclasses import dataclass

import torch
from torch import Tensor

NO_COLUMN = -1


@dataclass(frozen=True)
class Contrast:
    """N anchors and M keys, numbered by class; `contrast_of` makes it.

    The keys of a class stand in a circle, in their order. An anchor's positives are those within `spans_N` steps from
    position `first_N` on, but for its own column.
    """

    anchor_classes_N: Tensor
    key_classes_M: Tensor
    key_positions_M: Tensor
    class_sizes_K: Tensor
    own_columns_N: Tensor
    """NO_COLUMN where the anchor is not among the keys."""
    first_N: Tensor
    spans_N: Tensor
    positives_N: Tensor
    """How many positives each anchor has."""
    is_capped: bool

    @property
    def sizes_N(self) -> Tensor:
        """How many keys the class of each anchor has; 1 where there are none, as numbers are taken modulo it."""
        return self.class_sizes_K[self.anchor_classes_N].clamp(min=1)

    def left_out(self, rows: slice, *, positives_only: bool) -> Tensor | None:
        """C×M, true where the pair does not count; None if all do. Own columns are not looked at.

        Positives beyond the cap are no negatives either, so they never count (see `SupConLoss`).
        """
        if not (positives_only or self.is_capped):
            return None
        is_other_class_CM = self.anchor_classes_N[rows, None] != self.key_classes_M
        if not self.is_capped:
            return is_other_class_CM
        is_beyond_CM = self._steps(self.key_positions_M, rows) >= self.spans_N[rows, None]
        return is_beyond_CM | is_other_class_CM if positives_only else is_beyond_CM & ~is_other_class_CM

    def mean_positive(self, keys_MD: Tensor) -> Tensor:
        """N×D, zero where an anchor has no positive. The sums need (N + M)·D work where the pairs would be N·M·D."""
        sums_ND = self._sums_of_spans(keys_MD) if self.is_capped else self._sums_of_classes(keys_MD)
        columns_N = self.own_columns_N.clamp(min=0)
        own_steps_N = (self.key_positions_M[columns_N] - self.first_N).remainder(self.sizes_N)
        holds_own_N = (self.own_columns_N != NO_COLUMN) & (own_steps_N < self.spans_N)
        return (sums_ND - keys_MD[columns_N] * holds_own_N[:, None]) / self.positives_N.clamp(min=1)[:, None]

    def _steps(self, positions_M: Tensor, rows: slice) -> Tensor:
        """C×M: how far a key stands behind the first one that may be a positive. In int32, for memory."""
        steps_CM = positions_M.int() - self.first_N[rows, None].int()
        return steps_CM.remainder_(self.sizes_N[rows, None].int())

    def _sums_of_classes(self, keys_MD: Tensor) -> Tensor:
        sums_KD = keys_MD.new_zeros(len(self.class_sizes_K), keys_MD.shape[1])
        return sums_KD.index_add(0, self.key_classes_M, keys_MD)[self.anchor_classes_N]

    def _sums_of_spans(self, keys_MD: Tensor) -> Tensor:
        """Differences of running sums over the keys, class by class. In float64, for they cancel."""
        in_order_MD = keys_MD[torch.argsort(self.key_classes_M, stable=True)].double()
        running_MD = torch.cat([in_order_MD.new_zeros(1, keys_MD.shape[1]), in_order_MD.cumsum(0)])
        start_N = (self.class_sizes_K.cumsum(0) - self.class_sizes_K)[self.anchor_classes_N]
        wrapped_N = (self.first_N + self.spans_N - self.sizes_N).clamp(min=0)
        end_N = start_N + self.first_N + self.spans_N - wrapped_N
        straight_ND = running_MD[end_N] - running_MD[start_N + self.first_N]
        return (straight_ND + running_MD[start_N + wrapped_N] - running_MD[start_N]).to(keys_MD.dtype)


def contrast_of(
    anchor_labels_N: Tensor,
    key_labels_M: Tensor,
    own_columns_N: Tensor | None,
    *,
    positives_cap: int | None,
    views_per_image: int,
) -> Contrast:
    """At most `positives_cap` positives for each anchor: the other views of its image, then the next keys of its class.

    `own_columns_N` are the anchors' own columns among the keys, None if they have none: the circle then begins at the
    first key of the class. The views of an image are neighbours among the keys, from column 0 on.
    """
    keys = len(key_labels_M)
    _, classes = torch.unique(torch.cat([key_labels_M, anchor_labels_N]), return_inverse=True)
    sizes_K = torch.bincount(classes[:keys], minlength=int(classes.max()) + 1)
    positions_M = _positions_in_class(classes[:keys], sizes_K)
    sizes_N = sizes_K[classes[keys:]]
    if own_columns_N is None:
        own_columns_N = torch.full_like(classes[keys:], NO_COLUMN)
        others_N, view_N, first_N = sizes_N, sizes_N, torch.zeros_like(sizes_N)
    else:
        others_N, view_N = sizes_N - 1, own_columns_N % views_per_image
        first_N = (positions_M[own_columns_N] - view_N) % sizes_N
    if positives_cap is None:
        positives_N, spans_N = others_N, sizes_N
    else:
        positives_N = others_N.clamp(max=positives_cap)
        # One step more where the own column is on the way.
        spans_N = positives_N + (view_N < positives_N)
    return Contrast(
        anchor_classes_N=classes[keys:],
        key_classes_M=classes[:keys],
        key_positions_M=positions_M,
        class_sizes_K=sizes_K,
        own_columns_N=own_columns_N,
        first_N=first_N,
        spans_N=spans_N,
        positives_N=positives_N,
        is_capped=positives_cap is not None,
    )


def _positions_in_class(classes_M: Tensor, sizes_K: Tensor) -> Tensor:
    order_M = torch.argsort(classes_M, stable=True)
    positions_M = torch.empty_like(order_M)
    starts_K = sizes_K.cumsum(0) - sizes_K
    positions_M[order_M] = torch.arange(len(order_M), device=order_M.device) - starts_K[classes_M[order_M]]
    return positions_M

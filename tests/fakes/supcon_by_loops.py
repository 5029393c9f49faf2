"""The losses of arXiv:2004.11362 as they are written, one anchor after the other: slow and obvious."""

# B images, V views, D embedding, N anchors, M keys

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize


def draw(
    images: int, views: int, classes: int, seed: int, width: int = 5, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor]:
    """Embeddings on the unit sphere that want a gradient, and labels."""
    generator = torch.Generator().manual_seed(seed)
    embeddings_BVD = normalize(torch.randn(images, views, width, generator=generator, dtype=dtype), dim=2)
    return embeddings_BVD.requires_grad_(), torch.randint(classes, (images,), generator=generator)


def loss_by_loops(
    embeddings_BVD: Tensor, labels_B: Tensor, temperature: float, summation: str = "out", cap: int | None = None
) -> Tensor:
    """The mean over the anchors that have a positive, times τ; zero if there are none."""
    rows, labels = embeddings_BVD.flatten(0, 1), labels_B.repeat_interleave(embeddings_BVD.shape[1]).tolist()
    losses = losses_by_loops(
        (rows, labels), (rows, labels), list(range(len(rows))), temperature, summation, cap, embeddings_BVD.shape[1]
    )
    return temperature * torch.stack(losses).mean() if losses else 0 * rows.sum()


def losses_by_loops(
    anchors: tuple[Tensor, list[int]],
    keys: tuple[Tensor, list[int]],
    own_columns: list[int | None],
    temperature: float,
    summation: str = "out",
    cap: int | None = None,
    views: int = 1,
) -> list[Tensor]:
    """The unscaled loss of each anchor that has a positive. Anchors and keys are rows and their labels."""
    losses = []
    for anchor, label, own in zip(*anchors, own_columns, strict=True):
        everybody = positives_of(label, keys[1], own, None, views)
        positives = positives_of(label, keys[1], own, cap, views)
        beyond = set(everybody) - set(positives)
        contrasted = [column for column in range(len(keys[1])) if column != own and column not in beyond]
        if not positives:
            continue
        logits = keys[0] @ anchor / temperature
        average = torch.mean if summation == "out" else _log_of_mean_exp
        losses.append(logits[contrasted].logsumexp(0) - average(logits[positives]))
    return losses


def positives_of(label: int, key_labels: list[int], own: int | None, cap: int | None, views: int) -> list[int]:
    """Columns of the anchor's class but its own: those of its image first, then onwards and around."""
    columns = [column for column, key_label in enumerate(key_labels) if key_label == label]
    if own is not None:
        image = own - own % views
        columns = [column for column in columns if column >= image] + [column for column in columns if column < image]
        columns.remove(own)
    return columns[:cap]


def _log_of_mean_exp(logits: Tensor) -> Tensor:
    return logits.logsumexp(0) - math.log(len(logits))

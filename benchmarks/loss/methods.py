"""The ways to the loss that are compared: ours, pytorch-metric-learning's, and the usual masks of all pairs."""

# B images, V views, D embedding, N = B·V rows

from collections.abc import Callable

import torch
from pytorch_metric_learning.losses import SupConLoss as MetricLearningLoss
from torch import Tensor

from trainers.losses.supcon import SupConLoss

TEMPERATURE = 0.1

Method = Callable[[Tensor, Tensor], Tensor]
"""Embeddings B×V×D and labels B → scalar."""

ours: Method = SupConLoss(TEMPERATURE)
chunks: Method = SupConLoss(TEMPERATURE, chunk_size=256)


def metric_learning(embeddings_BVD: Tensor, labels_B: Tensor) -> Tensor:
    """Which normalises the rows again, as it always does."""
    loss: Tensor = MetricLearningLoss(TEMPERATURE)(
        embeddings_BVD.flatten(0, 1), labels_B.repeat_interleave(embeddings_BVD.shape[1])
    )
    return loss


def dense(embeddings_BVD: Tensor, labels_B: Tensor) -> Tensor:
    """As the released PyTorch code computes it: N×N similarities, masks and logarithms."""
    rows_ND, labels_N = embeddings_BVD.flatten(0, 1), labels_B.repeat_interleave(embeddings_BVD.shape[1])
    is_other_NN = 1 - torch.eye(len(rows_ND), device=rows_ND.device)
    is_positive_NN = (labels_N[:, None] == labels_N).float() * is_other_NN
    logits_NN = rows_ND @ rows_ND.T / TEMPERATURE
    logits_NN = logits_NN - logits_NN.amax(dim=1, keepdim=True).detach()
    sums_N1 = (logits_NN.exp() * is_other_NN).sum(dim=1, keepdim=True)
    losses_N = (is_positive_NN * (logits_NN - sums_N1.log())).sum(dim=1) / is_positive_NN.sum(dim=1)
    return -losses_N.mean()


def methods_of(device: str) -> dict[str, Method]:
    """Those that run on the device, ours first."""
    on_gpu = {"chunks of 256": chunks} if device == "cuda" else {}
    return {"ours": ours, **on_gpu, "pytorch-metric-learning": metric_learning, "dense": dense}

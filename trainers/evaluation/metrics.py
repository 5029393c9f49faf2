"""Accuracy and proper scores of predicted classes. The names are completed with their split: val_top1, test_nll …"""

# N images, C classes

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot


def classification_metrics(logits_NC: Tensor, labels_N: Tensor) -> dict[str, float]:
    """top1 and top5 as fractions, nll in nats, brier as squared distance in [0, 2]; each the mean over the images.

    Ties go to the lower class. With fewer than five classes top5 is 1.
    """
    logits_NC = logits_NC.double()
    ranking_NC = logits_NC.argsort(dim=1, descending=True, stable=True)
    is_right_NC = ranking_NC == labels_N[:, None]
    error_NC = logits_NC.softmax(dim=1) - one_hot(labels_N, logits_NC.shape[1])
    means = {
        "top1": is_right_NC[:, 0].double().mean(),
        "top5": is_right_NC[:, :5].any(dim=1).double().mean(),
        "nll": cross_entropy(logits_NC, labels_N),
        "brier": error_NC.square().sum(dim=1).mean(),
    }
    values = torch.stack(list(means.values())).tolist()
    return dict(zip(means, values, strict=True))

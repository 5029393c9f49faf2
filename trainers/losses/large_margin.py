"""Large-margin softmax: the angle to the right class counts m times.

Not pytorch-metric-learning's: it has no λ, without which large margins do not start to learn, and under autocast it
casts its weights themselves to 16 bits.
"""

# B images, K classes, F features

import math

import torch
from torch import Tensor
from torch.nn.functional import linear

MARGINS = range(1, 5)
SHORTEST = 1e-12
"""Length below which a row has no direction."""


def large_margin_logits(
    features_BF: Tensor, weights_KF: Tensor, labels_B: Tensor, margin: int, easing: float
) -> Tensor:
    """The logits B×K, where that of the right class is ‖W‖‖x‖ (λ cos θ + ψ(θ)) / (1 + λ), with λ = `easing` ≥ 0.

    ψ(θ) = (−1)^k cos(mθ) − 2k on kπ/m ≤ θ ≤ (k + 1)π/m (arXiv:1612.02295, Eqs. 4 to 8 and Sec. 5.1). In float32.
    """
    precision = torch.promote_types(features_BF.dtype, torch.float32)
    with torch.autocast(features_BF.device.type, enabled=False):
        features_BF, weights_KF = features_BF.to(precision), weights_KF.to(precision)
        logits_BK = linear(features_BF, weights_KF)
        lengths_B = features_BF.norm(dim=1) * weights_KF.norm(dim=1)[labels_B]
        right_B = logits_BK.gather(1, labels_B[:, None])[:, 0]
        cosines_B = (right_B / lengths_B.clamp(min=SHORTEST)).clamp(-1, 1)
        eased_B = (easing * right_B + lengths_B * _psi(cosines_B, margin)) / (1 + easing)
    return logits_BK.scatter(1, labels_B[:, None], eased_B[:, None])


def easing_at(progress: float) -> float:
    """λ after that share of a training, from 1000 down to 7e-4.

    The authors' released code has 1000 · (1 + 2.5e-5 · step)^−35 and asks for a small λ at the end, whatever the run:
    20 000 of its steps are stretched or shortened to the run here. λ falls below 1 after 44 % of it.
    """
    return float(1000 * (1 + 0.5 * progress) ** -35)


def _psi(cosines_B: Tensor, margin: int) -> Tensor:
    """ψ by cos θ: Chebyshev's polynomial of degree m is cos(mθ), and k counts the bounds that θ has passed."""
    bounds = cosines_B.new_tensor([math.cos(j * math.pi / margin) for j in range(1, margin)])
    k_B = (cosines_B.detach()[:, None] < bounds).sum(dim=1)
    before_B, chebyshev_B = torch.ones_like(cosines_B), cosines_B
    for _ in range(margin - 1):
        before_B, chebyshev_B = chebyshev_B, 2 * cosines_B * chebyshev_B - before_B
    return (1 - 2 * (k_B % 2)) * chebyshev_B - 2 * k_B

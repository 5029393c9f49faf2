"""Tells a run that has broken from one that is only slow: both are measured, a broken one is also ended early.

Diverged: the loss is no finite number, or an epoch's mean is far above what knowing nothing would cost. Collapsed: the
loss stays where a model ends up that gives every image the same output, and the outputs are in fact the same. The
second half is needed: an untrained network starts at nearly the same loss, and a slow run lingers there.
"""

# N rows, D numbers each

from torch import Tensor

DIVERGED_FACTOR = 10.0
"""Times the loss of knowing nothing. Healthy runs on digits stayed below 2, also in their first epoch."""
STUCK_SHARE = 0.99
"""Share of the loss of knowing nothing above which an epoch has learnt nothing."""
COLLAPSED_SPREAD = 1e-4
"""Of `spread_of`. Measured on digits: collapsed below 1e-6, an untrained network above 1e-3."""
PATIENCE_EPOCHS = 3
"""Stuck epochs in a row, after the warm-up, that make a collapse."""


class Diverged(Exception):
    """The loss blew up; the message says where."""


class Collapsed(Exception):
    """Every image gets the same output, and the loss no longer moves."""


def spread_of(rows_ND: Tensor) -> Tensor:
    """The rows' mean squared distance from their mean, over their mean squared length: 0 (all equal) … 1. A scalar."""
    rows_ND = rows_ND.detach()
    variance = (rows_ND - rows_ND.mean(dim=0)).square().sum(dim=1).mean()
    return variance / rows_ND.square().sum(dim=1).mean().clamp(min=1e-30)


class Health:
    """Watches the epochs of one run; `warmup_epochs` of them cannot collapse."""

    def __init__(self, warmup_epochs: int) -> None:
        self.warmup_epochs = warmup_epochs
        self.stuck_epochs = 0

    def check_epoch(self, epoch: int, *, loss: float, uninformed_loss: float, spread: float) -> None:
        """Judges epoch number `epoch` (from 1) by its mean loss and mean spread of outputs.

        `uninformed_loss` is what equal outputs for all images cost. Raises Diverged or Collapsed with a sentence.
        """
        if not loss <= DIVERGED_FACTOR * uninformed_loss:
            raise Diverged(
                f"epoch {epoch} has a mean loss of {loss:.4g}, more than {DIVERGED_FACTOR:g} times the "
                f"{uninformed_loss:.4g} of a model that knows nothing"
            )
        is_stuck = loss >= STUCK_SHARE * uninformed_loss and spread < COLLAPSED_SPREAD
        self.stuck_epochs = self.stuck_epochs + 1 if is_stuck and epoch > self.warmup_epochs else 0
        if self.stuck_epochs >= PATIENCE_EPOCHS:
            raise Collapsed(
                f"for {self.stuck_epochs} epochs up to {epoch} every image had the same output (spread {spread:.1e}) "
                f"and the loss stood at {loss:.4g}, the {uninformed_loss:.4g} of a model that knows nothing"
            )

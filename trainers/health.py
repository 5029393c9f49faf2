"""Tells a run that has broken from one that is only slow; a broken one is ended early.

Diverged: the loss is no finite number, or an epoch's mean is far above the loss at the start. Collapsed: the loss
stays where a model ends up that gives every image the same output, and the outputs are in fact the same. The second
half is needed: an untrained network starts at nearly the same loss, and a slow run lingers there.
"""

# N rows, D numbers each

import math
from typing import Any

from torch import Tensor

DIVERGED_FACTOR = 10.0
"""Times the loss at the start. Measured on digits: runs that recovered stayed below 5, lost ones went past 100."""
STUCK_SHARE = 0.99
"""Share of the loss of knowing nothing above which an epoch has learnt nothing."""
COLLAPSED_SPREAD = 1e-3
"""Of `spread_of`. Measured on digits: collapsed runs below 3e-4, others, untrained and slow ones too, above 3e-2."""
PATIENCE_EPOCHS = 3
"""Stuck epochs in a row, after the warm-up, that make a collapse."""
SMALLEST_LENGTH = 1e-30
"""Keeps the spread of rows that are all zero at 0."""


class Diverged(Exception):
    """The loss blew up; the message says where."""


class Collapsed(Exception):
    """Every image gets the same output, and the loss no longer moves."""


def spread_of(rows_ND: Tensor) -> Tensor:
    """The rows' mean squared distance from their mean, over their mean squared length: 0 (all equal) … 1. A scalar."""
    rows_ND = rows_ND.detach().float()
    if len(rows_ND) == 0:  # a worker without a row of a small batch
        return rows_ND.new_zeros(())
    variance = (rows_ND - rows_ND.mean(dim=0)).square().sum(dim=1).mean()
    return variance / rows_ND.square().sum(dim=1).mean().clamp(min=SMALLEST_LENGTH)


class Health:
    """Watches one run; its first `warmup_epochs` cannot collapse."""

    def __init__(self, warmup_epochs: int) -> None:
        self._warmup_epochs = warmup_epochs
        self._start_loss: float | None = None
        self._stuck_epochs = 0

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on watching."""
        return {"start_loss": self._start_loss, "stuck_epochs": self._stuck_epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from the state of another Health of the same run."""
        self._start_loss = state["start_loss"]
        self._stuck_epochs = state["stuck_epochs"]

    def check_finite(self, epoch: int, loss: float) -> None:
        """Takes the first loss it sees for the run's start. Raises Diverged if the loss is not finite."""
        if not math.isfinite(loss):
            raise Diverged(f"the loss is {loss} in epoch {epoch}")
        if self._start_loss is None:
            self._start_loss = loss

    def check_epoch(
        self, epoch: int, *, loss: float, uninformed_loss: float, spread: float, is_warming_up: bool = False
    ) -> None:
        """Judges epoch number `epoch` (from 1) by its mean loss and the mean spread of its outputs.

        `is_warming_up` is for a warm-up that is no number of epochs. `uninformed_loss` is what equal outputs for all
        images cost. Raises Diverged or Collapsed with a sentence.
        """
        self.check_finite(epoch, loss)
        self._check_size(epoch, loss, uninformed_loss)
        is_stuck = loss >= STUCK_SHARE * uninformed_loss and spread < COLLAPSED_SPREAD
        is_warm = epoch > self._warmup_epochs and not is_warming_up
        self._stuck_epochs = self._stuck_epochs + 1 if is_stuck and is_warm else 0
        if self._stuck_epochs >= PATIENCE_EPOCHS:
            raise Collapsed(
                f"for {self._stuck_epochs} epochs, up to epoch {epoch}, every image had the same output (spread "
                f"{spread:.1e}) and the loss stood at {loss:.4g}; knowing nothing costs {uninformed_loss:.4g}"
            )

    def _check_size(self, epoch: int, loss: float, uninformed_loss: float) -> None:
        """A start may be low by luck, so the loss of knowing nothing is granted in any case."""
        start_loss = max(self._start_loss or 0.0, uninformed_loss)
        if loss > DIVERGED_FACTOR * start_loss:
            raise Diverged(
                f"the mean loss of epoch {epoch} is {loss:.4g}, more than {DIVERGED_FACTOR:g} times the "
                f"{start_loss:.4g} at the start"
            )

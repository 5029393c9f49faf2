"""How long a trial trains that is given device-seconds instead of epochs (arXiv:1905.04753, "Budgeted training").

Its schedule follows the share that is used. Only training counts: neither what comes before and after, nor the
validation between epochs. The first worker's clock counts for all, so that all decide alike.
"""

import torch

from trainers.clock import Clock
from trainers.distributed import World

MOST_STEPS = 16
"""Several workers must wait for one another to agree, so they do it this seldom, and nothing moves in between."""
FINEST_SHARE = 0.005
"""Where so many steps take more than this of the allowance they agree more often."""


class Allowance:
    """So many device-seconds of training, of which the first `warmup_share` is the warm-up.

    Every worker makes the same calls. `used` includes the kept part of earlier attempts.
    """

    def __init__(self, device_seconds: float, warmup_share: float, world: World, device: torch.device) -> None:
        self.warmup_share = warmup_share
        self.used = 0.0
        self._device_seconds = device_seconds
        self._world = world
        self._device = device
        self._steps, self._patience = 0, 1

    @property
    def used_share(self) -> float:
        """0 … 1, and beyond by the last step."""
        return self.used / self._device_seconds

    @property
    def is_used_up(self) -> bool:
        """Whether training must end."""
        return self.used >= self._device_seconds

    @property
    def is_warming_up(self) -> bool:
        """Whether the warm-up lasts."""
        return self.used_share < self.warmup_share

    def begin(self, clock: Clock) -> None:
        """An epoch begins."""
        self._clock, self._start = clock, clock.device_seconds - self.used

    def count_step(self) -> None:
        """A step of the optimizer was made."""
        self._steps += 1
        if self._steps < self._patience:
            return
        before = self.used
        self._agree()
        if self._world.size > 1:
            per_step = (self.used - before) / self._steps
            self._patience = max(1, min(MOST_STEPS, int(FINEST_SHARE * self._device_seconds / per_step)))
        self._steps = 0

    def end(self) -> None:
        """The epoch ends; the devices have done what they were told."""
        self._agree()

    def _agree(self) -> None:
        used = self._clock.device_seconds - self._start
        if self._world.size > 1:
            own = torch.tensor(used if self._world.is_first else 0.0, dtype=torch.float64, device=self._device)
            used = float(self._world.sum(own))
        self.used = used

"""The learning rate's course over a run: a linear warm-up, then a decay. Counted in steps, so any epoch length fits."""

import math
from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from trainers.allowance import Allowance

Schedule = Literal["cosine", "step", "constant"]

STEP_MILESTONES = (0.7, 0.8, 0.9)
"""Shares of the run at which "step" decays: epochs 700, 800, 900 of 1000 in the PyTorch reference of SupCon."""
STEP_FACTOR = 0.1
"""What "step" multiplies by at each milestone; from the same reference."""


PARTS = 1000
"""A run without a known number of steps counts as so many: its first moments are one of them, not a rate of 0."""


def learning_rate_factor(schedule: Schedule, step: float, steps_total: int, warmup_steps: float) -> float:
    """What to multiply the peak learning rate by at `step`, counted from 0; in (0, 1].

    The warm-up is the straight line from 0 (one step before the first) to 1 (at step `warmup_steps`), so that no step
    is wasted at 0. "cosine" falls to 0 at `steps_total`; "step" counts its milestones from the start of the run.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    match schedule:
        case "cosine":
            progress = min((step - warmup_steps) / max(steps_total - warmup_steps, 1), 1.0)
            return 0.5 * (1 + math.cos(math.pi * progress))
        case "step":
            return math.prod(STEP_FACTOR for share in STEP_MILESTONES if step >= share * steps_total)
        case "constant":
            return 1.0


def make_scheduler(optimizer: Optimizer, schedule: Schedule, steps_total: int, warmup_steps: int) -> LambdaLR:
    """Hangs the schedule on an optimizer; call its `step()` once after each step of the optimizer."""
    return LambdaLR(optimizer, lambda step: learning_rate_factor(schedule, step, steps_total, warmup_steps))


def make_allowance_scheduler(optimizer: Optimizer, schedule: Schedule, allowance: Allowance) -> LambdaLR:
    """The same course over the used share of an allowance; its `step()` takes the rate of the moment."""
    warmup_parts = allowance.warmup_share * PARTS
    return LambdaLR(
        optimizer, lambda _: learning_rate_factor(schedule, allowance.used_share * PARTS, PARTS, warmup_parts)
    )

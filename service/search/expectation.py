"""What a spec would make a cluster do, counted before anything is written: trials, epochs, image passes, pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from search_spaces.datasets import DatasetSpec, training_images
from search_spaces.objectives import views_per_image
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.search.designs import PlannedTrial
from service.search.matching import match_arms
from service.search.slots import slots

SMALLEST_BATCH = 2
"""A last batch of a single image sits out its epoch: batch normalisation needs two."""


@dataclass(frozen=True)
class ExpectedTrial:
    """A trial as far as it is known: of a search only the arm's centre is."""

    arm: str
    point: int
    config: TrialConfig


def expected_trials(spec: SweepSpec, plan: Sequence[PlannedTrial]) -> list[ExpectedTrial]:
    """The planned trials; of a search, which has no plan, one at its arm's centre for each that it will draw."""
    if spec.design.kind != "search":
        return [ExpectedTrial(planned.arm, planned.point, planned.config) for planned in plan]
    centres = match_arms(spec.design, {arm.name: spec.base_config(arm) for arm in spec.arms})
    return [ExpectedTrial(slot.arm, slot.point, centres[slot.arm]) for slot in slots(spec)]


def count_pairs(spec: SweepSpec, trials: Sequence[ExpectedTrial]) -> int:
    """Points that two arms share, the fewest over all pairs of arms."""
    points = {arm.name: {trial.point for trial in trials if trial.arm == arm.name} for arm in spec.arms}
    return min((len(points[a] & points[b]) for a, b in combinations(points, 2)), default=0)


def image_passes(config: TrialConfig, dataset: DatasetSpec) -> int | None:
    """Augmented images that the trial passes through the encoder, None where only the files, or its run, will tell."""
    images = training_images(dataset)
    if images is None or config.device_seconds is not None:
        return None
    left_over = images % config.batch_size
    used = images - left_over if left_over < SMALLEST_BATCH else images
    return used * config.epochs * views_per_image(config.objective)

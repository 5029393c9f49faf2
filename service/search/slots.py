"""The order in which a sweep's trials are numbered, and the seed of each: what pairs the arms."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from search_spaces.sweep_spec import SweepSpec, arms_of_points

SEEDS = 2**31
"""Seeds are whole numbers below this, as TrialConfig demands."""


class Slot(NamedTuple):
    """The place of one trial in its sweep, unique there, before it has a number and a configuration."""

    arm: str
    point: int
    replicate: int


def slots(spec: SweepSpec) -> Iterator[Slot]:
    """Every slot in order: point by point, replicate by replicate, the arms of each in turn.

    A sweep that is cut after any number of trials is thus balanced but for the last, unfinished pair.
    """
    points = list(arms_of_points(spec))
    for point, arms in enumerate(points):
        for replicate in range(spec.design.replicates_of(point, len(points))):
            for arm in arms:
                yield Slot(arm, point, replicate)


def trial_seed(design_seed: int, point: int, replicate: int) -> int:
    """The seed of a (point, replicate), the same for every arm."""
    return derived_seed(design_seed, "trial", point, replicate)


def derived_seed(*parts: int | str) -> int:
    """A seed in [0, 2**31): the first eight bytes of the SHA-256 of the parts joined by slashes."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8]) % SEEDS

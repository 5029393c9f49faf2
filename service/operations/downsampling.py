"""Down-sampling: fewer points of a curve, such that its ends and its extremes are still seen.

The lowest and the highest point of each bucket are kept. Largest-triangle-three-buckets, which the libraries at hand
do, keeps one point per bucket and may drop the one epoch in which a loss exploded.
"""

from collections.abc import Sequence
from itertools import pairwise

FEWEST_POINTS = 4
"""Both ends and one bucket."""


def thin_out(values: Sequence[float], points: int) -> list[int]:
    """Indices, ascending, of at most `points` of the values: both ends, and the extremes of equal buckets between."""
    assert points >= FEWEST_POINTS, f"too few points for the ends and a bucket: {points}"
    if len(values) <= points:
        return list(range(len(values)))
    buckets = (points - 2) // 2
    inner = len(values) - 2
    edges = [1 + inner * bucket // buckets for bucket in range(buckets + 1)]
    kept = {0, len(values) - 1}
    for start, stop in pairwise(edges):
        indices = range(start, stop)
        kept |= {min(indices, key=values.__getitem__), max(indices, key=values.__getitem__)}
    return sorted(kept)

"""Visits to the points at which a service may die: which ones a life passes, and what is left after it died there."""

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chaos.checks import check_world
from chaos.crash_points import CRASH_AT, CRASH_OCCURRENCE
from chaos.lives import Life
from chaos.world import World, kept_alive, small_world
from chaos.written_points import written_points
from chaos.zygote import Zygote

TRIES = 4

NewDatabase = Callable[[], str]
"""URL of an empty database for one world."""


def new_sqlite() -> str:
    """A file in the world's own folder."""
    return ""


def record_points(folder: Path, zygote: Zygote, life: Life, new_database: NewDatabase = new_sqlite) -> Counter[str]:
    """Every point that the life passes, with how often."""
    with small_world(folder, zygote, life.scripts, new_database()) as world:
        sweep_ids = _live(world, life, {})
        points = Counter(world.points_file.read_text().splitlines())
        check_world(world, sweep_ids, "none")
        return points


def usual_points(folder: Path, zygote: Zygote, life: Life, new_database: NewDatabase = new_sqlite) -> Mapping[str, int]:
    """What the life passes each time, with how often; of what it owns, whatever it passes.

    Two lives tell: a point that only one of them passes is passed when two things coincide, and a life that is
    to die there may never come by.
    """
    one, two = [record_points(folder / name, zygote, life, new_database) for name in ("one", "two")]
    owned = {point: count for point, count in (one | two).items() if any(place in point for place in life.owns)}
    return owned | (one & two)


def visit(
    folder: Path,
    zygote: Zygote,
    life: Life,
    points: Sequence[str],
    *,
    occurrence: int = 1,
    new_database: NewDatabase = new_sqlite,
) -> str | None:
    """Dies at each of the points, tried until all are reached, and checks what is left. What is wrong, if anything."""
    left = list(points)
    for attempt in range(TRIES):
        try:
            with small_world(folder / str(attempt), zygote, life.scripts, new_database()) as world:
                left = _visit_once(world, life, left, occurrence)
        except Exception as problem:
            return f"{left} (occurrence {occurrence}): {type(problem).__name__}: {problem}; see {folder / str(attempt)}"
        if not left:
            return None
    missed = f"not reached in {TRIES} tries: {left} (occurrence {occurrence})"
    if occurrence == 1 and not written_points().isdisjoint(map(place_of, left)):
        return missed
    # Others are passed only when two things happen to coincide.
    warnings.warn(missed, stacklevel=1)
    return None


def place_of(point: str) -> str:
    """The point as written_points has it: neither before nor after, and MLflow from wherever it is called."""
    place = point.partition(" ")[2]
    return place.partition(" ")[0] if place.startswith("mlflow.") else place


def _live(world: World, life: Life, orders: Mapping[str, str]) -> list[str]:
    """Lives the life in a world whose service dies by order and is started again. The sweeps' ids."""
    with kept_alive(world.add_service(), orders):
        return life.live(world)


def _visit_once(world: World, life: Life, points: Sequence[str], occurrence: int) -> list[str]:
    """The points that were not reached."""
    sweep_ids = _live(world, life, {CRASH_AT: "\n".join(points), CRASH_OCCURRENCE: str(occurrence)})
    crashed_at = world.crashed_at()
    reached = [point for point in points if point in crashed_at]
    if reached:
        check_world(world, sweep_ids, f"API dies {_fault_of(reached)}")
    return [point for point in points if point not in reached]


def _fault_of(points: Sequence[str]) -> str:
    """The row of the table that visits to the points belong to."""
    if len(points) > 1:
        return "again and again, at point after point"
    return points[0].partition(" of ")[0] if "commit" in points[0] else points[0].partition(" from ")[0]

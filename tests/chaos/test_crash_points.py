"""The API dies at every point between a transaction, a call and a transaction: nothing is lost, nothing doubles."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from chaos.crash_visits import place_of, usual_points, visit
from chaos.lives import LIVES as LIVES_OF_SWEEPS
from chaos.side_lives import SIDE_LIVES
from chaos.troubled_lives import TROUBLED_LIVES
from chaos.written_points import written_points
from chaos.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

AT_ONCE = 3
"""Worlds side by side."""

OFTEN = 3
"""A point that a life passes more often than this is visited in its midst too."""

LIVES = LIVES_OF_SWEEPS | SIDE_LIVES | TROUBLED_LIVES
ORDINARY = [name for name, life in LIVES.items() if not life.dies_often]
DEADLY = [name for name, life in LIVES.items() if life.dies_often]

Visits = Mapping[str, Sequence[tuple[str, int]]]
"""Life → the points to die at, with the occurrence."""


@pytest.fixture(scope="module")
def visits(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Visits:
    """Whatever no earlier life has passed: its first occurrence, and a later one where there are several."""
    folder = tmp_path_factory.mktemp("dry")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        recorded = pool.map(lambda name: usual_points(folder / name.replace(" ", "-"), zygote, LIVES[name]), LIVES)
        counts = dict(zip(LIVES, recorded, strict=True))
    visits: dict[str, list[tuple[str, int]]] = {}
    known: set[str] = set()
    for name, life in LIVES.items():
        owned = [place for other in LIVES.values() if other is not life for place in other.owns]
        new = [one for one in counts[name] if one not in known and not any(place in one for place in owned)]
        known.update(new)
        visits[name] = [(point, 1) for point in new]
        if not life.dies_often:
            visits[name] += [(point, counts[name][point] // 2 + 1) for point in new if counts[name][point] > OFTEN]
        visits[name] += [(point, at) for what, at in life.again for point in counts[name] if what in point]
    return visits


@pytest.mark.parametrize("name", ORDINARY)
def test_life_goes_on_wherever_the_api_dies(name: str, visits: Visits, zygote: Zygote, tmp_path: Path) -> None:
    def visit_numbered(numbered: tuple[int, tuple[str, int]]) -> str | None:
        number, (point, occurrence) = numbered
        return visit(tmp_path / str(number), zygote, LIVES[name], [point], occurrence=occurrence)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = [problem for problem in pool.map(visit_numbered, enumerate(visits[name])) if problem is not None]
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def deadly_lives(
    visits: Visits, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[str | None]]]:
    """What is wrong after each, side by side: most of the time they wait for a service to start."""
    folder = tmp_path_factory.mktemp("deadly")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(visit, folder / str(number), zygote, LIVES[name], [point for point, _ in visits[name]])
            for number, name in enumerate(DEADLY)
        }


@pytest.mark.parametrize("name", DEADLY)
def test_life_goes_on_although_the_api_dies_again_and_again(
    name: str, deadly_lives: Mapping[str, Future[str | None]]
) -> None:
    problem = deadly_lives[name].result()
    assert problem is None, problem


def test_no_point_of_the_service_is_never_visited(visits: Visits) -> None:
    """Before and after each that is written in its source."""
    visited = {f"{point.partition(' ')[0]} {place_of(point)}" for found in visits.values() for point, _ in found}
    never = {f"{when} {place}" for when in ("before", "after") for place in written_points()} - visited
    assert never == set(), "never visited:\n" + "\n".join(sorted(never))

"""The Pareto front against its definition."""

from hypothesis import given
from hypothesis import strategies as st

from search_spaces.metrics import Goal
from service.search.pareto import pareto_front

GOALS: list[Goal] = ["maximize", "minimize"]


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] >= other[0] and one[1] <= other[1] and one != other


def test_what_is_worse_in_every_goal_is_not_on_the_front() -> None:
    assert pareto_front({7: (0.9, 0.3), 2: (0.8, 0.1), 4: (0.8, 0.2), 9: (0.5, 0.9)}, GOALS) == [2, 7]


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from([0.2, 0.4, 0.6])), max_size=12))
def test_the_front_is_all_that_nothing_beats(rows: list[tuple[float, float]]) -> None:
    front = pareto_front(dict(enumerate(rows)), GOALS)
    assert front == [place for place, row in enumerate(rows) if not any(_beats(other, row) for other in rows)]

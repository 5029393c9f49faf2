"""The points of the designs that draw nothing: one factor moved at a time, and the grid.

A point is what its arms try side by side. Points come one by one, so that a design too large to plan is refused before
it is written out. Names are sorted, because the order of keys in a document means nothing.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from search_spaces.arms import Arm, arm_config
from search_spaces.design import MAX_TRIALS, Design
from search_spaces.domains import Domain, Scalar
from search_spaces.space import Space, factor_order, held_value, is_active
from search_spaces.trial_config import TrialConfig
from search_spaces.vocabulary import Path, refusal

Values = dict[str, Scalar]
Point = Mapping[str, Values]
"""Arm → values of its factors, those of shared factors the same in every arm. An arm may be absent."""


def undrawn_points(design: Design, arms: Sequence[Arm], shared: Space) -> Iterator[Point]:
    """The points of a design of kind one_at_a_time or grid, in order. Every domain must have separate values."""
    if design.kind == "one_at_a_time":
        return _one_at_a_time(arms, shared)
    assert design.kind == "grid", f"the points of {design.kind!r} are drawn"
    return _grid(arms, shared, design.seed)


def combinations(space: Space, given: Mapping[str, Scalar]) -> Iterator[Values]:
    """`given` with every combination of the factors' values; a factor whose condition does not hold is absent."""
    return _extended(space, factor_order(dict(sorted(space.items()))), dict(given))


def check_undrawn(design: Design, arms: Sequence[Arm], shared: Space) -> None:
    """Refuses a factor that such a design cannot move: a continuous one, or one that never leaves its base."""
    for index, arm in enumerate(arms):
        base = arm_config(arm, {})
        for name, domain in (shared | arm.space).items():
            at: Path = ["shared", name] if name in shared else ["arms", index, "space", name]
            if domain.size() is None:
                message = f"a {design.kind} design needs separate values, {name!r} is continuous"
                raise refusal(message, at=at, value=domain.kind, accepted="choice, int, or float with a step")
            if design.kind == "one_at_a_time" and not _holds_at(base, domain):
                message = f"{name!r} would never be moved: its condition does not hold at the base of arm {arm.name!r}"
                accepted = "a base at which it holds, or no such factor"
                raise refusal(message, at=[*at, "when"], value=domain.when, accepted=accepted)


def _one_at_a_time(arms: Sequence[Arm], shared: Space) -> Iterator[Point]:
    """All bases, then every other value of each shared factor in all arms, then those of each arm's own factors.

    An arm whose base has the value sits out: its base was tried already.
    """
    yield {arm.name: {} for arm in arms}
    for name, domain in sorted(shared.items()):
        yield from _moves(arms, name, domain)
    for arm in arms:
        for name, domain in sorted(arm.space.items()):
            yield from _moves([arm], name, domain)


def _moves(arms: Sequence[Arm], name: str, domain: Domain) -> Iterator[Point]:
    bases = {arm.name: getattr(arm_config(arm, {}), name) for arm in arms}
    for value in _values(domain):
        held = held_value(name, value)
        point: Point = {arm: {name: value} for arm, base in bases.items() if base != held}
        if point:
            yield point


def _grid(arms: Sequence[Arm], shared: Space, seed: int) -> Iterator[Point]:
    """At each combination of shared values, every arm's own combinations side by side, partners by lot.

    Where arms have different numbers of their own combinations, the last points have fewer arms.
    """
    for index, values in enumerate(combinations(shared, {})):
        own = {arm.name: _shuffled(arm, values, f"{seed}/{arm.name}/{index}") for arm in arms}
        for place in range(max(map(len, own.values()))):
            yield {name: rows[place] for name, rows in own.items() if place < len(rows)}


def _shuffled(arm: Arm, shared_values: Values, seed: str) -> list[Values]:
    rows = list(islice(combinations(arm.space, shared_values), MAX_TRIALS + 1))
    random.Random(seed).shuffle(rows)  # noqa: S311  # a lot, not a secret
    return rows


def _extended(space: Space, names: Sequence[str], values: Values) -> Iterator[Values]:
    if not names:
        yield values
        return
    name, *rest = names
    if not is_active(space[name], values):
        yield from _extended(space, rest, values)
        return
    for value in _values(space[name]):
        yield from _extended(space, rest, {**values, name: value})


def _values(domain: Domain) -> Iterator[Scalar]:
    size = domain.size()
    assert size is not None, "a continuous domain has no separate values"
    return (domain.at(index) for index in range(size))


def _holds_at(base: TrialConfig, domain: Domain) -> bool:
    conditions = (domain.when or {}).items()
    return all(getattr(base, other) in [held_value(other, value) for value in values] for other, values in conditions)

"""Arms: one training objective each, with its base configuration and its own search space."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from search_spaces.domains import Scalar
from search_spaces.objectives import Objective
from search_spaces.space import Space, check_conditions, check_domain, check_field, check_value
from search_spaces.trial_config import TrialConfig
from search_spaces.vocabulary import Path, Vocabulary, refusal

ArmName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


class Arm(Vocabulary):
    """One training objective with its centre and the factors drawn for it alone."""

    name: ArmName = Field(description="Name of the arm in the report.")
    objective: Objective = Field(description="What the arm trains.")
    base: dict[str, Scalar] = Field(default={}, description="Overrides of TrialConfig: the arm's centre.")
    space: Space = Field(default={}, description="Factors drawn for this arm alone.")


def arm_config(arm: Arm, drawn: Mapping[str, Any], seed: int = 0) -> TrialConfig:
    """The configuration of a trial of this arm: its base, with drawn values over it."""
    return TrialConfig.model_validate({**arm.base, **drawn, "objective": arm.objective, "seed": seed})


def values_of_trial_fields(arms: Sequence[Arm], shared: Space) -> Iterator[tuple[str, Any, Path]]:
    """Every value that the spec gives to a field of TrialConfig, with its path."""
    for index, arm in enumerate(arms):
        yield "objective", arm.objective, ["arms", index, "objective"]
        for field, value in arm.base.items():
            yield field, value, ["arms", index, "base", field]
        for field, domain in arm.space.items():
            for value in domain.extremes():
                yield field, value, ["arms", index, "space", field]
    for field, domain in shared.items():
        for value in domain.extremes():
            yield field, value, ["shared", field]


def check_arm(arm: Arm, shared: Space, at: Path) -> None:
    """Refuses base values and factors that the arm cannot have; `at` is the arm's path."""
    for field, value in arm.base.items():
        check_field(arm.objective, field, [*at, "base", field])
        check_value(field, value, [*at, "base", field])
    for field, domain in arm.space.items():
        path = [*at, "space", field]
        check_field(arm.objective, field, path)
        check_domain(field, domain, path)
        if field in shared:
            message = f"{field!r} is drawn twice, by the arm and by shared"
            raise refusal(message, at=path, value=field, accepted="one of the two")
    check_conditions(shared | arm.space, [*at, "space"])


def check_shared(arms: Sequence[Arm], shared: Space) -> None:
    """Refuses shared factors that some arm does not use, or that depend on an arm's own factor."""
    for field, domain in shared.items():
        for arm in arms:
            check_field(arm.objective, field, ["shared", field])
        check_domain(field, domain, ["shared", field])
    check_conditions(shared, ["shared"])

"""Arms: one training objective each, with its base configuration and its own search space."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from search_spaces.domains import Scalar
from search_spaces.objectives import Objective
from search_spaces.space import Space, check_conditions, check_domain, check_field, check_value, held_value
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
    _check_warmup(arm, shared, at)


def check_shared(arms: Sequence[Arm], shared: Space) -> None:
    """Refuses shared factors that some arm does not use, or that depend on an arm's own factor."""
    for field, domain in shared.items():
        for arm in arms:
            check_field(arm.objective, field, ["shared", field])
        check_domain(field, domain, ["shared", field])
    check_conditions(shared, ["shared"])


def _check_warmup(arm: Arm, shared: Space, at: Path) -> None:
    """The longest warm-up must end within the fewest epochs, unless a condition decides which of them meet."""
    space = shared | arm.space
    if any(name in space and space[name].when for name in ("warmup_epochs", "epochs")):
        return
    longest, fewest = max(_values_of(arm, space, "warmup_epochs")), min(_values_of(arm, space, "epochs"))
    if longest > fewest:
        place = ["shared"] if "warmup_epochs" in shared else [*at, "space" if "warmup_epochs" in space else "base"]
        message = f"warmup_epochs {longest:g} is more than the {fewest} epochs that a trial of {arm.name!r} may have"
        raise refusal(message, at=[*place, "warmup_epochs"], value=longest, accepted=f"at most {fewest}")


def _values_of(arm: Arm, space: Space, field: str) -> list[Any]:
    """The extreme values that a trial of the arm may have for a field without a condition."""
    if field in space:
        return [held_value(field, value) for value in space[field].extremes()]
    return [held_value(field, arm.base.get(field, TrialConfig.model_fields[field].default))]

"""A search space: factor name → domain. Checks it against TrialConfig and applies drawn values."""

from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from pydantic import GetPydanticSchema, TypeAdapter, ValidationError

from search_spaces.domains import Domain, FloatDomain, IntDomain, Scalar
from search_spaces.exact import exact
from search_spaces.objectives import Objective, uses_field
from search_spaces.trial_config import TrialConfig
from search_spaces.vocabulary import Path, accepted_by, refusal, short, unknown_name

Space = dict[str, Domain]

FIXED_FIELDS = {
    "objective": "the arm's `objective`",
    "seed": "`design.seed` and `design.replicates`",
    "device_seconds": "`design.device_seconds`",
}
"""Fields of TrialConfig that no space and no base may set, and what sets them instead."""


MOST_CONDITION_VALUES = 10_000
"""Most values of a factor that a condition may name: who means one of more means a range."""
SHOWN_VALUES = 20
"""How many of a factor's values a refusal lists."""


def factor_order(space: Mapping[str, Domain]) -> list[str]:
    """The factors, each after those its condition names; otherwise as they were written.

    Raises graphlib.CycleError when conditions go in a circle.
    """
    graph = {name: list(domain.when or {}) for name, domain in space.items()}
    return [name for name in TopologicalSorter(graph).static_order() if name in space]


def is_active(domain: Domain, values: Mapping[str, Any]) -> bool:
    """Whether the domain's condition holds among the drawn values; a factor that was not drawn meets none."""
    return all(other in values and values[other] in accepted for other, accepted in (domain.when or {}).items())


def check_field(objective: Objective, field: str, at: Path) -> None:
    """Refuses a name that is no field, is set elsewhere, or is not read by this objective."""
    usable = [name for name in TrialConfig.model_fields if name not in FIXED_FIELDS and uses_field(objective, name)]
    if field in FIXED_FIELDS:
        raise refusal(f"{field!r} is set by {FIXED_FIELDS[field]}", at=at, value=field, accepted=", ".join(usable))
    if field not in TrialConfig.model_fields:
        raise unknown_name("factor", field, usable, at=at)
    if not uses_field(objective, field):
        message = f"objective {objective.value!r} does not use {field!r}"
        raise refusal(message, at=at, value=field, accepted=", ".join(usable))


def check_value(field: str, value: Any, at: Path) -> None:
    """Refuses a value that TrialConfig would not accept for this field."""
    try:
        _field_adapter(field).validate_python(value)
    except ValidationError as error:
        accepted = "; ".join(dict.fromkeys(accepted_by(detail["msg"]) for detail in error.errors()))
        raise refusal(f"{field} cannot be {short(value)}", at=at, value=value, accepted=accepted) from error


def held_value(field: str, value: Any) -> Any:
    """What TrialConfig holds for an accepted value: 15 for 15.0."""
    return _field_adapter(field).validate_python(value)


def check_domain(field: str, domain: Domain, at: Path) -> None:
    """Refuses a domain that holds a value TrialConfig would not accept for its field."""
    if isinstance(domain, FloatDomain) and not _is_legal(field, (domain.low + domain.high) / 2 + 1e-7):
        message = f"{field} takes no fractional numbers, got a float domain"
        raise refusal(message, at=[*at, "kind"], value=domain.kind, accepted="int, choice")
    ends = ["low", "high"] if isinstance(domain, FloatDomain | IntDomain) else None
    for index, value in enumerate(domain.extremes()):
        check_value(field, value, [*at, *([ends[index]] if ends else ["values", index])])


def check_conditions(space: Mapping[str, Domain], at: Path) -> None:
    """Refuses conditions on unknown factors, on values never drawn, or in a circle."""
    for name, domain in space.items():
        for other, values in (domain.when or {}).items():
            _check_condition(space, name, other, values, [*at, name, "when", other])
    try:
        factor_order(space)
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise refusal(f"conditions go in a circle: {circle}", at=at, value=circle, accepted="no circle") from error


def _check_condition(space: Mapping[str, Domain], name: str, other: str, values: list[Scalar], at: Path) -> None:
    if other not in space or other == name:
        raise unknown_name("factor in the condition", other, [key for key in space if key != name], at=at)
    domain = space[other]
    size = domain.size()
    if size is None:
        message = f"a condition needs a factor with separate values, {other!r} is continuous"
        raise refusal(message, at=at, value=other, accepted="choice, int, or float with a step")
    if size > MOST_CONDITION_VALUES:
        message = f"a condition needs a factor with few values, {other!r} has {size:,}"
        raise refusal(message, at=at, value=other, accepted=f"a factor with at most {MOST_CONDITION_VALUES:,} values")
    for value in values:
        if not domain.contains(value):
            accepted = ", ".join(repr(domain.at(index)) for index in range(min(size, SHOWN_VALUES)))
            raise refusal(f"{other!r} is never {value!r}", at=at, value=value, accepted=accepted)


def _is_legal(field: str, value: Any) -> bool:
    try:
        _field_adapter(field).validate_python(value)
    except ValidationError as error:
        return all(detail["type"] != "int_from_float" for detail in error.errors())
    return True


@cache
def _field_adapter(field: str) -> TypeAdapter[Any]:
    """Validates a value of one field of TrialConfig, with its range."""
    info = TrialConfig.model_fields[field]
    return TypeAdapter(Annotated[info.annotation, info, GetPydanticSchema(exact)])  # type: ignore[arg-type]  # a field's annotation is a run-time value

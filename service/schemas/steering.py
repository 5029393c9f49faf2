"""What an owner may ask of a sweep on its way."""

from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.config import JsonDict

from search_spaces.cluster_choice import ClusterChoice
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import Budget, Name, SweepSpec
from search_spaces.texts import check_texts
from search_spaces.vocabulary import Vocabulary, refusal

RETRIED = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.INFEASIBLE, Outcome.CANCELLED)
"""Outcomes that say nothing of the objective itself, so that another try may be worth it."""

NEVER_NULL = ("max_concurrent", "budget", "priority", "clusters")
"""What every sweep has."""


def _without_null(schema: JsonDict) -> None:
    """None stands for what is absent, which nobody can send."""
    del schema["default"]
    match schema.pop("anyOf"):
        case [dict(given), {"type": "null"}]:
            schema.update(given)


class SweepPatch(Vocabulary):
    """What changes (JSON Merge Patch, RFC 7396): what is absent stays, and null takes away what a sweep can lack."""

    max_concurrent: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description="Most trials that run at once, over all clusters.",
        json_schema_extra=_without_null,
    )
    budget: Budget | None = Field(
        default=None,
        description="Limits to change; null takes a limit away, but for max_failure_rate, which every sweep has.",
        json_schema_extra=_without_null,
    )
    priority: Annotated[int, Field(ge=-100, le=100)] | None = Field(
        default=None, description="The highest goes first.", json_schema_extra=_without_null
    )
    labels: dict[Name, Annotated[str, Field(max_length=200)] | None] | None = Field(
        default=None, max_length=50, description="Labels to change; null takes a label away, or all of them."
    )
    clusters: Annotated[list[ClusterChoice], Field(min_length=1, max_length=20)] | None = Field(
        default=None,
        description=(
            "Where trials run from now on: names, or key=value for every cluster with that label; runners elsewhere "
            "give their trials back."
        ),
        json_schema_extra=_without_null,
    )

    @field_validator(*NEVER_NULL, mode="before")
    @classmethod
    def _refuse_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None:
            accepted = "a value; what is left out stays as it is"
            raise refusal(f"every sweep has {info.field_name}, got null", at=[], value=None, accepted=accepted)
        return value

    @model_validator(mode="before")
    @classmethod
    def _check_texts(cls, document: Any) -> Any:
        check_texts(document)
        return document


class ExtendRequest(Vocabulary):
    """How large the design is to become. Asking for what it has already changes nothing."""

    configurations: int | None = Field(default=None, ge=1, le=10_000, description="Drawn configurations per arm.")
    replicates: int | None = Field(default=None, ge=1, le=1000, description="Seeds per replicated configuration.")


class RetryRequest(Vocabulary):
    """Which endings are taken back."""

    outcomes: list[Outcome] = Field(
        default=[Outcome.FAILED],
        min_length=1,
        max_length=len(RETRIED),
        description=f"Any of {', '.join(RETRIED)}; the others say something of the objective and stand.",
    )


class CloneRequest(Vocabulary):
    """How the new sweep differs from the one that it is made of."""

    changes: dict[str, Any] = Field(
        default={},
        description="A JSON Merge Patch (RFC 7396) of the spec: fields to change, null takes a field away.",
    )


def merge(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The document with the patch applied (RFC 7396, section 2)."""
    merged = dict(document)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            known = merged.get(name)
            merged[name] = merge(known if isinstance(known, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def patched_spec(spec: SweepSpec, patch: SweepPatch) -> SweepSpec:
    """The spec with the patch applied. Raises ValidationError for a rule of specs that the patch breaks.

    Where the sweep was accepted by a release with other rules, they are no fault of the patch.
    """
    given = patch.model_dump(mode="json", exclude_unset=True)
    if "max_concurrent" in given:
        given["resources"] = {"max_concurrent": given.pop("max_concurrent")}
    document = spec.model_dump(mode="json")
    patched = merge(document, given)
    try:
        return SweepSpec.model_validate(patched)
    except ValidationError:
        if _is_accepted(document):
            raise
        return SweepSpec.stored(patched)


def _is_accepted(document: dict[str, Any]) -> bool:
    try:
        SweepSpec.model_validate(document)
    except ValidationError:
        return False
    return True

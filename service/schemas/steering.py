"""What an owner may ask of a sweep on its way."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import Budget, Name, SweepSpec
from search_spaces.texts import check_texts
from search_spaces.vocabulary import Vocabulary

RETRIED = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.INFEASIBLE, Outcome.CANCELLED)
"""Outcomes that say nothing of the objective itself, so that another try may be worth it."""

ClusterNames = Annotated[list[Name], Field(min_length=1, max_length=20)]


class SweepPatch(Vocabulary):
    """What changes; fields that are absent stay as they are (JSON Merge Patch, RFC 7396)."""

    max_concurrent: int | None = Field(
        default=None, ge=1, le=10_000, description="Most trials that run at once, over all clusters."
    )
    budget: Budget | None = Field(default=None, description="Limits to change; null takes a limit away.")
    priority: int | None = Field(default=None, ge=-100, le=100, description="The highest goes first.")
    labels: dict[Name, Annotated[str, Field(max_length=200)] | None] | None = Field(
        default=None, max_length=50, description="Labels to change; null takes a label away."
    )
    clusters: ClusterNames | None = Field(
        default=None, description="Where trials run from now on; runners elsewhere give their trials back."
    )

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
    """The spec with the patch applied. Each part has been checked as it came, and what was accepted stays so."""
    given = patch.model_dump(mode="json", exclude_unset=True)
    if "max_concurrent" in given:
        given["resources"] = {"max_concurrent": given.pop("max_concurrent")}
    return SweepSpec.stored(merge(spec.model_dump(mode="json"), given))

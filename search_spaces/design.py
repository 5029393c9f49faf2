"""How a sweep's configurations are drawn, and how unpromising trials are stopped early."""

from typing import Literal, Self

from pydantic import Field, model_validator

from search_spaces.durations import Duration
from search_spaces.vocabulary import Vocabulary, refusal

DesignKind = Literal["paired", "one_at_a_time", "grid", "search"]
Sampler = Literal["sobol", "random", "tpe", "gp", "cmaes", "nsga2"]

SAMPLERS: dict[str, tuple[str, ...]] = {
    "paired": ("sobol", "random"),
    "search": ("tpe", "gp", "cmaes", "nsga2", "random"),
    "one_at_a_time": (),
    "grid": (),
}
"""The samplers of each kind of design, its default first; the last two kinds draw nothing."""

MAX_TRIALS = 10_000
"""Most trials one sweep may plan. A larger study is several sweeps."""


class Design(Vocabulary):
    """How configurations are drawn, and how often each is repeated."""

    kind: DesignKind = Field(default="paired", description="See the documentation of designs.")
    sampler: Sampler | None = Field(default=None, description="Which sampler draws; none takes the design's default.")
    configurations: int = Field(
        default=16,
        ge=1,
        le=MAX_TRIALS,
        description="Drawn configurations per arm; only of paired and search, the others follow from the factors.",
    )
    replicates: int = Field(default=1, ge=1, le=1000, description="Seeds per replicated configuration.")
    replicated_fraction: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of the configurations that get all the replicates, the first ones; others get one.",
    )
    match: Literal["epochs", "image_passes", "device_seconds"] = Field(
        default="image_passes", description="What is made equal between the arms of a point."
    )
    device_seconds: Duration | None = Field(
        default=None,
        description="How long every trial trains, in seconds × devices, such as 2h; required by match device_seconds.",
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="Seed of the draw and of the trials' seeds.")

    @model_validator(mode="after")
    def _check_sampler(self) -> Self:
        samplers = SAMPLERS[self.kind]
        if self.sampler is not None and self.sampler not in samplers:
            message = f"design {self.kind!r} has no sampler {self.sampler!r}"
            raise refusal(message, at=["sampler"], value=self.sampler, accepted=", ".join(samplers) or "no sampler")
        return self

    @model_validator(mode="after")
    def _check_configurations(self) -> Self:
        default = type(self).model_fields["configurations"].default
        if not self.is_drawn and self.configurations != default:
            message = (
                f"the points of a {self.kind} design follow from its factors, got {self.configurations} configurations"
            )
            raise refusal(message, at=["configurations"], value=self.configurations, accepted="no configurations")
        return self

    @model_validator(mode="after")
    def _check_device_seconds(self) -> Self:
        if (self.match == "device_seconds") != (self.device_seconds is not None):
            message = f"design.match {self.match!r} with design.device_seconds {self.device_seconds}"
            accepted = "match device_seconds with a number of them, or another match without"
            raise refusal(message, at=["device_seconds"], value=self.device_seconds, accepted=accepted)
        return self

    @property
    def is_drawn(self) -> bool:
        """Whether configurations are drawn; else they follow from the factors."""
        return bool(SAMPLERS[self.kind])

    @property
    def effective_sampler(self) -> str:
        """The named sampler, or the default of the design's kind."""
        return self.sampler or SAMPLERS[self.kind][0]

    def replicates_of(self, point: int, points: int) -> int:
        """How many seeds the point gets: the first `replicated_fraction` of that many points get all."""
        return self.replicates if point < round(self.replicated_fraction * points) else 1


class Pruning(Vocabulary):
    """When a search stops an unpromising trial early, by Optuna's pruners on the ledger's reports."""

    kind: Literal["none", "asha", "hyperband", "median"] = Field(default="none", description="Which pruner.")
    warmup_epochs: int = Field(default=1, ge=0, description="Epochs before a trial may be pruned.")
    startup_trials: int = Field(default=5, ge=0, description="Trials that end before the median pruner acts.")
    reduction_factor: int = Field(default=3, ge=2, description="Share of trials kept by asha and hyperband: 1 in this.")

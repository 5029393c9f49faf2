"""What a sweep judges its trials by: one metric, or the several goals of a search."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Discriminator, Field, Tag, model_validator

from search_spaces.design import Design, Pruning
from search_spaces.metrics import METRICS, SWEEP_METRICS, Goal
from search_spaces.vocabulary import Vocabulary, refusal, unknown_name


class SweepMetric(Vocabulary):
    """What a trial is scored by: a validation metric, never a test metric."""

    name: str = Field(default="val_top1", description=f"One of {', '.join(SWEEP_METRICS)}.")
    goal: Goal | None = Field(default=None, description="Direction of better; none takes the metric's own.")

    @model_validator(mode="after")
    def _check_metric(self) -> Self:
        if self.name not in SWEEP_METRICS:
            raise unknown_name("metric", self.name, SWEEP_METRICS, at=["name"])
        own_goal = METRICS[self.name].goal
        if self.goal not in (None, own_goal):
            raise refusal(f"{self.name} is better the other way", at=["goal"], value=self.goal, accepted=own_goal)
        return self


OneOrSeveralMetrics = Annotated[
    Annotated[SweepMetric, Tag("one")]
    | Annotated[list[SweepMetric], Field(min_length=1, max_length=4), Tag("several")],
    Discriminator(lambda metric: "several" if isinstance(metric, list) else "one"),
]


def check_metrics(metrics: Sequence[SweepMetric], design: Design, pruning: Pruning) -> None:
    """Several metrics are several goals of a search, which nothing else knows how to weigh."""
    names = [metric.name for metric in metrics]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise refusal(f"metric names {name!r} twice", at=["metric", index], value=name, accepted="different names")
    if len(names) == 1:
        return
    needs = [
        (
            design.kind == "search",
            f"design.kind {design.kind!r} compares arms by one metric",
            "design.kind search",
        ),
        (design.sampler != "cmaes", "sampler 'cmaes' searches for one metric", "sampler tpe, gp, nsga2 or random"),
        (pruning.kind == "none", f"pruning {pruning.kind!r} judges by one metric", "pruning.kind none"),
    ]
    for is_so, message, accepted in needs:
        if not is_so:
            raise refusal(
                f"{message}, got {len(names)}", at=["metric"], value=names, accepted=f"one metric, or {accepted}"
            )

"""The sweep spec: the one document that a person submits."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice, repeat
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from search_spaces.arms import Arm, arm_config, check_arm, check_shared, values_of_trial_fields
from search_spaces.cluster_choice import ClusterChoice
from search_spaces.companions import ProbeKind, check_base_temperatures, check_effects, check_probe_fields, check_queues
from search_spaces.datasets import DatasetSpec, facts_of, most_training_images
from search_spaces.design import MAX_TRIALS, Design, Pruning
from search_spaces.design_checks import check_device_seconds, check_search, check_timeout
from search_spaces.durations import Duration
from search_spaces.points import check_undrawn, undrawn_points
from search_spaces.space import Space, held_value
from search_spaces.sweep_metrics import OneOrSeveralMetrics, SweepMetric, check_metrics
from search_spaces.texts import check_texts
from search_spaces.trial_config import TrialConfig
from search_spaces.vocabulary import Path, Vocabulary, refusal

MOST_LISTED_VALUES = 5000
"""Of all choices and conditions of a spec."""

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Budget(Vocabulary):
    """Where a sweep is cut. What was cut is an outcome with its reason."""

    device_hours: float | None = Field(
        default=None,
        gt=0,
        description="Device-hours over all attempts (a device is a GPU, or a CPU where there is none).",
    )
    wall_clock: Duration | None = Field(default=None, description="Time from the sweep's start, e.g. 30m.")
    trial_timeout: Duration | None = Field(default=None, description="Time one attempt of a trial may train, e.g. 10m.")
    max_failure_rate: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="The sweep fails once more than this share of its ended trials failed; judged from five on.",
    )


class Resources(Vocabulary):
    """What each trial gets of its cluster."""

    workers: int = Field(default=1, ge=1, le=1024, description="Processes that train one trial together.")
    cpus_per_worker: int = Field(default=1, ge=1, le=1024, description="CPU cores per process.")
    gpus_per_worker: float = Field(default=0, ge=0, le=64, description="GPUs per process; a fraction shares one.")
    max_concurrent: int = Field(
        default=2, ge=1, le=10_000, description="Most trials that run at once, over all clusters."
    )

    @property
    def devices(self) -> float:
        """Devices that one trial holds: its GPUs, or its CPU cores where it has none."""
        return self.workers * (self.gpus_per_worker or self.cpus_per_worker)


class Probe(Vocabulary):
    """The linear classifier on frozen features (stage 2)."""

    kind: ProbeKind = Field(default="lbfgs", description="L-BFGS to convergence, or the paper's SGD stage.")


class Evaluation(Vocabulary):
    """What is measured at the end of a trial, besides accuracy."""

    corruptions: Literal["none", "small_images", "imagenet"] = Field(default="none", description="Corruption suite.")
    calibration: bool = Field(default=False, description="ECE and temperature scaling.")
    probe: Probe = Field(default=Probe(), description="The linear probe.")


class SweepSpec(Vocabulary):
    """A sweep as a person submits it. Every refusal names field, value and what is accepted."""

    name: Name = Field(description="Name of the sweep; letters, digits, dot, dash and underscore.")
    experiment: Name | None = Field(default=None, description="MLflow experiment; none takes the name.")
    dataset: DatasetSpec = Field(description="The images.")
    arms: list[Arm] = Field(min_length=1, max_length=20, description="The objectives that are compared.")
    shared: Space = Field(default={}, description="Factors drawn once per point and given to every arm.")
    design: Design = Field(default=Design(), description="How configurations are drawn.")
    warm_start: Name | None = Field(
        default=None,
        description="Id of an earlier sweep whose trials a search learns from, those that it could have drawn itself.",
    )
    pruning: Pruning = Field(default=Pruning(), description="Early stopping; only with design.kind search.")
    metric: OneOrSeveralMetrics = Field(
        default=SweepMetric(),
        description="What a trial is scored by; a search may have several, of which the first is the score.",
    )
    budget: Budget = Field(default=Budget(), description="Where the sweep is cut.")
    resources: Resources = Field(default=Resources(), description="What each trial gets.")
    clusters: list[ClusterChoice] = Field(
        default=["local"],
        min_length=1,
        max_length=20,
        description="Where trials run: names of clusters, or key=value for every cluster with that label.",
    )
    priority: int = Field(
        default=0, ge=-100, le=100, description="Of the sweeps that want a cluster, the highest goes first."
    )
    evaluation: Evaluation = Field(default=Evaluation(), description="What is measured at the end.")
    labels: dict[Name, Annotated[str, Field(max_length=200)]] = Field(
        default={}, max_length=50, description="Free labels, shown with the sweep."
    )

    @model_validator(mode="before")
    @classmethod
    def _check_texts(cls, document: Any) -> Any:
        check_texts(document)
        return document

    @classmethod
    def stored(cls, document: Mapping[str, Any]) -> Self:
        """A spec that was accepted before, perhaps by a release with other rules: the whole is not judged again."""
        return cls.model_validate(document, context={"is_stored": True})

    @model_validator(mode="after")
    def _check_whole(self, info: ValidationInfo) -> Self:
        if info.context and info.context.get("is_stored"):
            return self
        _check_distinct(self)
        _check_size(self)
        check_shared(self.arms, self.shared)
        for index, arm in enumerate(self.arms):
            check_arm(arm, self.shared, at=["arms", index])
        check_queues(self.arms, self.shared)
        check_effects(self.arms, self.shared)
        check_probe_fields(self.evaluation.probe.kind, self.arms, self.shared)
        check_base_temperatures(self.arms, self.shared)
        _check_design(self)
        check_device_seconds(self.design, self.pruning, self.arms, self.shared)
        check_timeout(self.design, self.budget.trial_timeout, self.resources.devices)
        check_search(self.design, self.warm_start, self.arms, self.shared)
        check_metrics(self.metrics, self.design, self.pruning)
        _check_gpus(self.resources)
        _check_batch_sizes(self)
        _check_corruptions(self)
        return self

    @property
    def mlflow_experiment(self) -> str:
        """Name of the MLflow experiment that shows this sweep."""
        return self.experiment or self.name

    @property
    def metrics(self) -> list[SweepMetric]:
        """All that a trial is judged by; the first is its score."""
        return self.metric if isinstance(self.metric, list) else [self.metric]

    @property
    def score_metric(self) -> SweepMetric:
        """The metric whose value is the score of a trial."""
        return self.metrics[0]

    def arm(self, name: str) -> Arm:
        """The arm of that name. Raises StopIteration for a name that is none."""
        return next(arm for arm in self.arms if arm.name == name)

    def space_of(self, arm: Arm) -> Space:
        """All factors of one arm: the shared ones, then its own."""
        return self.shared | arm.space

    def base_config(self, arm: Arm) -> TrialConfig:
        """The arm's centre."""
        return arm_config(arm, {})


def _check_distinct(spec: SweepSpec) -> None:
    for field, names in [("arms", [arm.name for arm in spec.arms]), ("clusters", spec.clusters)]:
        for index, name in enumerate(names):
            if name in names[:index]:
                raise refusal(
                    f"{field} names {name!r} twice", at=[field, index], value=name, accepted="different names"
                )


def _check_size(spec: SweepSpec) -> None:
    """A spec is read whenever anybody looks at its sweep."""
    spaces = [spec.shared, *(arm.space for arm in spec.arms)]
    listed = sum(domain.listed() for space in spaces for domain in space.values())
    if listed > MOST_LISTED_VALUES:
        message = f"the spec lists {listed:,} values of factors and conditions"
        raise refusal(message, at=[], value=listed, accepted=f"at most {MOST_LISTED_VALUES:,}; a range lists none")


def _check_design(spec: SweepSpec) -> None:
    if spec.design.kind != "search" and spec.pruning.kind != "none":
        message = f"pruning would bias a {spec.design.kind!r} design"
        raise refusal(message, at=["pruning", "kind"], value=spec.pruning.kind, accepted="none, or design.kind search")
    if spec.design.kind == "paired" and len(spec.arms) < 2:
        message = "a paired design compares arms, got one"
        raise refusal(
            message, at=["arms"], value=[spec.arms[0].name], accepted="at least two arms, or design.kind search"
        )
    for index, arm in enumerate(spec.arms):
        if not spec.space_of(arm):
            message = f"arm {arm.name!r} has nothing to draw"
            raise refusal(
                message, at=["arms", index, "space"], value={}, accepted="at least one factor, here or in shared"
            )
    if not spec.design.is_drawn:
        check_undrawn(spec.design, spec.arms, spec.shared)
    if count_trials(spec) > MAX_TRIALS:
        _refuse_size(spec.design, count_trials(spec))


def _refuse_size(design: Design, trials: int) -> None:
    at, makes = ["design", "configurations"], f"{trials:,} trials"
    if not design.is_drawn:
        at, makes = ["design", "kind"], f"more than {MAX_TRIALS:,} trials"
    accepted = f"at most {MAX_TRIALS:,} trials"
    raise refusal(f"the {design.kind} design makes {makes}", at=at, value=trials, accepted=accepted)


def _check_gpus(resources: Resources) -> None:
    """A worker trains on one GPU or a part of it, and NCCL gives no GPU to two workers."""
    workers, gpus, at = resources.workers, resources.gpus_per_worker, ["resources", "gpus_per_worker"]
    if gpus > 1:
        message = f"a worker trains on one GPU, not on {gpus:g}"
        raise refusal(message, at=at, value=gpus, accepted="0 … 1; more GPUs are more workers")
    if workers > 1 and 0 < gpus < 1:
        message = f"{workers} workers cannot share a GPU"
        raise refusal(message, at=at, value=gpus, accepted="0 or 1")


def _check_batch_sizes(spec: SweepSpec) -> None:
    """A batch holds two images for every worker, and no more than there are, where their number is known."""
    least, most = 2 * spec.resources.workers, most_training_images(spec.dataset)
    accepted = f"at least {least}" if most is None else f"from {least} to about {most}"
    if most is not None and least > most:
        message = f"{spec.resources.workers} workers need two images each, and there are about {most} to train on"
        raise refusal(message, at=["resources", "workers"], value=spec.resources.workers, accepted="fewer workers")
    for value, at in _batch_sizes(spec):
        if most is not None and value > most:
            message = f"batch_size {value} is more than the training images of {spec.dataset.name}"
            raise refusal(message, at=at, value=value, accepted=accepted)
        if value < least:
            message = f"batch_size {value} leaves {spec.resources.workers} workers less than two images each"
            raise refusal(message, at=at, value=value, accepted=accepted)


def _batch_sizes(spec: SweepSpec) -> Iterator[tuple[int, Path]]:
    """Every batch size that a trial may have, with the path of what gives it: the default too, where it holds."""
    for index, arm in enumerate(spec.arms):
        if "batch_size" not in {**arm.base, **spec.space_of(arm)}:
            yield spec.base_config(arm).batch_size, ["arms", index, "base"]
    for field, value, at in values_of_trial_fields(spec.arms, spec.shared):
        if field == "batch_size":
            yield held_value(field, value), at


def _check_corruptions(spec: SweepSpec) -> None:
    """ImageNet's are normalised by the errors of AlexNet, which saw ImageNet's images at 224 pixels."""
    size = facts_of(spec.dataset).image_size
    if spec.evaluation.corruptions == "imagenet" and (spec.dataset.name, size) != ("imagenet", 224):
        message = (
            f"the corruptions of imagenet are made for its images of 224 pixels, not for {spec.dataset.name} at {size}"
        )
        raise refusal(message, at=["evaluation", "corruptions"], value="imagenet", accepted="none, small_images")


def count_trials(spec: SweepSpec) -> int:
    """How many trials the spec plans, over all arms and seeds; beyond MAX_TRIALS only that there are more."""
    design = spec.design
    if design.is_drawn:
        replicated = round(design.replicated_fraction * design.configurations)
        return len(spec.arms) * (replicated * (design.replicates - 1) + design.configurations)
    return _count_undrawn(spec.model_dump_json(include={"name", "dataset", "arms", "shared", "design"}))


@lru_cache(maxsize=256)
def _count_undrawn(document: str) -> int:
    """Counted once for each design, for it takes a second to count ten thousand points."""
    spec = SweepSpec.stored(json.loads(document))
    sizes = [len(arms) for arms in islice(arms_of_points(spec), MAX_TRIALS + 1)]
    return sum(size * spec.design.replicates_of(point, len(sizes)) for point, size in enumerate(sizes))


def arms_of_points(spec: SweepSpec) -> Iterator[list[str]]:
    """The names of the arms that each point of the design has, point by point."""
    if spec.design.is_drawn:
        return repeat([arm.name for arm in spec.arms], spec.design.configurations)
    return (list(point) for point in undrawn_points(spec.design, spec.arms, spec.shared))

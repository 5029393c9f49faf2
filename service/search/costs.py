"""What trials will cost, judged by finished trials like them: arithmetic on rates of device-seconds per unit of work.

A trial is judged by the past ones that are most like it. The interval is a bootstrap over those past trials: it knows
how much they differ, and nothing of a cluster that is faster or busier than theirs was.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_spaces.datasets import DatasetSpec, facts_of, training_images
from search_spaces.objectives import views_per_image
from search_spaces.sweep_spec import Resources
from search_spaces.trial_config import TrialConfig

# P past trials, R resamples, M past trials of one likeness
FloatArray = NDArray[np.float64]
Key = tuple[object, ...]

RESAMPLES = 1000
CONFIDENCE = 0.95
ENOUGH_TRIALS = 3
"""Past trials of a closer likeness that are preferred to any number of a looser one."""


class Setting(NamedTuple):
    """What decides how fast a trial is."""

    encoder: str
    dataset: str
    image_size: int
    device: str
    objective: str
    views: int
    devices: float
    batch_size: int
    precision: str
    compile: bool
    augmentation: str


_ALWAYS = ("encoder", "dataset", "image_size", "device", "views")
LIKENESSES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("the same objective, encoder, dataset, devices, batch size, precision and augmentation", Setting._fields),
    (
        "the same objective, encoder, dataset, devices, batch size and precision",
        (*_ALWAYS, "objective", "devices", "batch_size", "precision", "compile"),
    ),
    ("the same objective, encoder, dataset and devices, of any batch size", (*_ALWAYS, "objective", "devices")),
    ("the same encoder, dataset and kind of device, of an objective with as many views", _ALWAYS),
)
"""From the closest likeness to the loosest that still says something, in words and as fields of a setting."""


@dataclass(frozen=True)
class Job:
    """A trial as something to be paid for. `work` is in image passes, or in passes over images nobody has counted."""

    setting: Setting
    work: float


@dataclass(frozen=True)
class PastTrial:
    """What a finished trial took."""

    setting: Setting
    device_seconds_per_work: float


@dataclass(frozen=True)
class Cost:
    """Device-seconds with the ends of their interval, which one past trial cannot give."""

    value: float
    low: float | None
    high: float | None
    longest_trial: float
    """Device-seconds of the dearest trial, by its expected rate."""
    likeness: str
    """How the past trials are like the ones to come: the loosest that was needed."""
    past_trials: int


def setting_of(config: TrialConfig, dataset: DatasetSpec, resources: Resources) -> Setting:
    """The setting of a trial."""
    return Setting(
        encoder=config.encoder,
        dataset=_dataset_of(dataset),
        image_size=facts_of(dataset).image_size,
        device="gpu" if resources.gpus_per_worker else "cpu",
        objective=config.objective,
        views=views_per_image(config.objective),
        devices=resources.devices,
        batch_size=config.batch_size,
        precision=config.precision,
        compile=config.compile,
        augmentation=config.augmentation,
    )


def work_of(config: TrialConfig, dataset: DatasetSpec) -> float:
    """How much the trial trains; comparable between trials of one `Setting.dataset`."""
    return config.epochs * views_per_image(config.objective) * float(training_images(dataset) or 1)


def estimate_cost(jobs: Sequence[Job], past: Sequence[PastTrial], seed: int = 0) -> Cost | None:
    """The cost of all jobs together; None when some job has no past trial like it."""
    indexes = [_index(past, fields) for _, fields in LIKENESSES]
    groups: dict[tuple[int, Key], list[float]] = defaultdict(list)
    for job in jobs:
        found = _closest(job.setting, indexes)
        if found is None:
            return None
        groups[found].append(job.work)
    if not groups:
        return None
    rates_P = np.array([trial.device_seconds_per_work for trial in past])
    used = [indexes[level][key] for level, key in groups]
    parts = [(np.array(works), rates_P[places]) for works, places in zip(groups.values(), used, strict=True)]
    low, high = _interval(parts, seed)
    return Cost(
        value=float(sum(works.sum() * rates.mean() for works, rates in parts)),
        low=low,
        high=high,
        longest_trial=float(max(works.max() * rates.mean() for works, rates in parts)),
        likeness=LIKENESSES[max(level for level, _ in groups)][0],
        past_trials=len({place for places in used for place in places}),
    )


def _dataset_of(dataset: DatasetSpec) -> str:
    """The name; with all that decides how many images there are, where nobody has counted them."""
    if training_images(dataset) is not None:
        return dataset.name
    return f"{dataset.name} {dataset.root} {dataset.val_fraction} {dataset.train_fraction}"


def _index(past: Sequence[PastTrial], fields: Sequence[str]) -> dict[Key, list[int]]:
    """Places in `past` by what the fields of their settings hold."""
    places: dict[Key, list[int]] = defaultdict(list)
    for place, trial in enumerate(past):
        places[_key(trial.setting, fields)].append(place)
    return dict(places)


def _key(setting: Setting, fields: Sequence[str]) -> Key:
    return tuple(getattr(setting, field) for field in fields)


def _closest(setting: Setting, indexes: Sequence[Mapping[Key, list[int]]]) -> tuple[int, Key] | None:
    """The closest likeness that has enough past trials, else the loosest that has any."""
    found = None
    for level, ((_, fields), index) in enumerate(zip(LIKENESSES, indexes, strict=True)):
        key = _key(setting, fields)
        if key in index:
            found = (level, key)
            if len(index[key]) >= ENOUGH_TRIALS:
                break
    return found


def _interval(parts: Sequence[tuple[FloatArray, FloatArray]], seed: int) -> tuple[float | None, float | None]:
    """The interval of the total; none where one past trial stands for many."""
    if any(len(rates) < 2 for _, rates in parts):
        return None, None
    generator = np.random.default_rng(seed)
    totals_R = sum((_resampled_totals(works, rates, generator) for works, rates in parts), np.zeros(RESAMPLES))
    low, high = np.quantile(totals_R, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _resampled_totals(works: FloatArray, rates: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Totals of the jobs, with the past trials drawn again and then one of those drawn for every job.

    What the single draws add is taken from their variance: a sum over many jobs is as good as normal.
    """
    drawn_RM = rates[generator.integers(0, len(rates), size=(RESAMPLES, len(rates)))]
    spread_R = drawn_RM.std(axis=1) * np.sqrt((works**2).sum())
    totals_R: FloatArray = works.sum() * drawn_RM.mean(axis=1) + spread_R * generator.normal(size=RESAMPLES)
    return totals_R.clip(min=0)

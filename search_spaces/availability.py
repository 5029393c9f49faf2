"""What the vocabulary can say and this release cannot do yet: refused by name and reason, never ignored.

A row leaves these tables with the commit that brings its code.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

from search_spaces.arms import Arm, values_of_trial_fields
from search_spaces.space import Space
from search_spaces.vocabulary import Path, Vocabulary, refusal

_LOSSES = "comes with the complete set of losses"
_LOOP = "comes with the GPU training loop"
_EVALUATION = "comes with the complete evaluation"

_TRIAL_FIELDS: dict[str, tuple[list[Any], str]] = {
    "objective": (["supcon", "supcon_in", "simclr", "cross_entropy"], _LOSSES),
    "encoder": (["tiny_resnet"], "comes with the encoders for larger images"),
    "positives_cap": ([None], _LOSSES),
    "queue_size": ([0], _LOSSES),
    "key_momentum": ([0.999], _LOSSES),
    "mixup_alpha": ([0.0], _LOSSES),
    "cutmix_alpha": ([0.0], _LOSSES),
    "label_noise": ([0.0], "comes with the complete set of data sets"),
    "precision": (["fp32"], _LOOP),
    "compile": ([False], _LOOP),
}
"""Field of TrialConfig → the values that have code, and when the others come."""

_SPEC_FIELDS: dict[tuple[str, ...], tuple[list[Any], str]] = {
    ("design", "kind"): (["paired", "search"], "comes with the complete set of designs"),
    ("design", "sampler"): ([None, "sobol", "random", "tpe"], "comes with the complete set of samplers"),
    ("design", "match"): (["epochs", "image_passes"], "comes with runs metered by time"),
    ("pruning", "kind"): (["none", "asha", "median"], "comes with the complete set of pruners"),
    ("resources", "workers"): ([1], "comes with several workers per trial"),
    ("evaluation", "corruptions"): (["none"], _EVALUATION),
    ("evaluation", "calibration"): ([False], _EVALUATION),
    ("evaluation", "probe", "kind"): (["lbfgs"], _EVALUATION),
}
"""Field of the spec → the values that have code, and when the others come."""


def check_available(spec: Vocabulary, arms: Sequence[Arm], shared: Space) -> None:
    """Refuses the parts of a legal spec, given with its arms and shared factors, whose code comes later."""
    for path, (values, reason) in _SPEC_FIELDS.items():
        _check(".".join(path), reduce(getattr, path, spec), values, reason, at=path)
    for field, value, at in values_of_trial_fields(arms, shared):
        if field in _TRIAL_FIELDS:
            values, reason = _TRIAL_FIELDS[field]
            _check(field, value, values, reason, at=at)


def available_values() -> Iterator[tuple[str, list[Any]]]:
    """Each limited field with the values that have code."""
    for path, (values, _) in _SPEC_FIELDS.items():
        yield ".".join(path), values
    for field, (values, _) in _TRIAL_FIELDS.items():
        yield field, values


def _check(field: str, value: Any, values: list[Any], reason: str, *, at: Path) -> None:
    if value not in values:
        message = f"{field} {str(value)!r} {reason}, not in this release"
        raise refusal(message, at=at, value=value, accepted=", ".join(str(one) for one in values))

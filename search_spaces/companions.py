"""Fields of a trial that mean something only beside another choice: refused without it, never ignored."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from search_spaces.arms import Arm, values_of_trial_fields
from search_spaces.domains import Domain
from search_spaces.space import Space, held_value
from search_spaces.trial_config import TrialConfig
from search_spaces.vocabulary import Path, refusal

ProbeKind = Literal["lbfgs", "sgd"]

_USED_ONLY_BY_PROBE: dict[str, ProbeKind] = {
    "probe_max_iterations": "lbfgs",
    "probe_optimizer": "sgd",
    "probe_learning_rate": "sgd",
    "probe_epochs": "sgd",
    "probe_batch_size": "sgd",
    "probe_label_smoothing": "sgd",
}


_NEEDS: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "key_momentum": ("queue_size", lambda size: size > 0, "a queue_size above 0"),
    "projection_dim": ("projection", lambda kind: kind != "none", "projection linear or mlp"),
    "augmentation_magnitude": (
        "augmentation",
        lambda name: name not in ("none", "basic", "autoaugment"),
        "augmentation randaugment, simaugment or stacked_randaugment",
    ),
}
"""Field → the other field without which it does nothing, whether a value of that one will do, and which those are."""


def check_effects(arms: Sequence[Arm], shared: Space) -> None:
    """Refuses fields that change nothing in any trial of an arm."""
    for index in range(len(arms)):
        given = _given_to(index, arms, shared)
        for field, value, at in given:
            other, will_do, accepted = _NEEDS.get(field, ("", None, ""))
            if will_do is None:
                continue
            values = [held_value(name, one) for name, one, _ in given if name == other]
            if not any(map(will_do, values or [TrialConfig.model_fields[other].default])):
                message = f"{field} does nothing here: {other} is never one that reads it"
                raise refusal(message, at=at, value=value, accepted=f"{accepted}, or no {field}")


def check_probe_fields(kind: ProbeKind, arms: Sequence[Arm], shared: Space) -> None:
    """Refuses fields of the probe that the sweep does not use."""
    for field, value, at in values_of_trial_fields(arms, shared):
        user = _USED_ONLY_BY_PROBE.get(field, kind)
        if user != kind:
            message = f"{field} is not used by the {kind} probe"
            raise refusal(message, at=at, value=value, accepted=f"evaluation.probe.kind {user}, or no {field}")


def check_base_temperatures(arms: Sequence[Arm], shared: Space) -> None:
    """Refuses a base temperature that may meet a loss that is not scaled, unless its condition keeps them apart."""
    for index, arm in enumerate(arms):
        domain = (shared | arm.space).get("base_temperature")
        is_apart = domain is not None and _needs_scale(domain)
        given = _given_to(index, arms, shared)
        is_unscaled = any(field == "scale_by_temperature" and not held_value(field, value) for field, value, _ in given)
        for field, value, at in given:
            is_apart_here = is_apart and "base" not in at
            if field == "base_temperature" and value is not None and is_unscaled and not is_apart_here:
                message = "base_temperature has no meaning where scale_by_temperature is false"
                raise refusal(message, at=at, value=value, accepted="scale_by_temperature true, or no base_temperature")


def _needs_scale(domain: Domain) -> bool:
    """Whether the factor is drawn only where scale_by_temperature is true."""
    values = (domain.when or {}).get("scale_by_temperature", [False])
    return all(held_value("scale_by_temperature", value) for value in values)


def check_queues(arms: Sequence[Arm], shared: Space) -> None:
    """Refuses a cap of positives beside a memory queue: the cap begins with the views of the anchor's own image."""
    for index in range(len(arms)):
        given = _given_to(index, arms, shared)
        has_queue = any(field == "queue_size" and held_value(field, value) > 0 for field, value, _ in given)
        for field, value, at in given:
            if field == "positives_cap" and value is not None and has_queue:
                message = "positives_cap counts the views of an anchor's own image first, which a queue does not tell"
                raise refusal(message, at=at, value=value, accepted="queue_size 0, or no positives_cap")


def _given_to(index: int, arms: Sequence[Arm], shared: Space) -> list[tuple[str, Any, Path]]:
    """Field, value and path of all that the spec gives to the trials of one arm."""
    values = values_of_trial_fields(arms, shared)
    return [(field, value, at) for field, value, at in values if at[0] == "shared" or at[1] == index]
